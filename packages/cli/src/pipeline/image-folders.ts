import { join, resolve } from 'node:path';
import { dataFolder, picturesFolder } from '../source/data-folder.js';

/** The folder that ingest may read, and the one below it in which backfills unpack tars of pictures. */
export interface ImageFolders {
  readonly IMAGE_FILE_ROOT: string;
  readonly BACKFILL_PICTURES_DIR: string;
}

/**
 * The folders of a pipeline on this machine: what is set in the environment stands, and unless it says otherwise, pictures are unpacked where
 * ingest may read them.
 *
 * @param images the folder given with `--images`
 */
export function imageFolders(
  { images, dataDir }: { readonly images?: string; readonly dataDir: string },
  env: Readonly<Record<string, string | undefined>>,
): ImageFolders {
  const given = images === undefined ? env.IMAGE_FILE_ROOT : resolve(images);
  const unpacked = given === undefined ? picturesFolder({ dataDir: resolve(dataDir) }) : join(given, '.labelstream');
  return {
    IMAGE_FILE_ROOT: given ?? dataFolder({ dataDir: resolve(dataDir) }),
    BACKFILL_PICTURES_DIR: env.BACKFILL_PICTURES_DIR ?? unpacked,
  };
}
