import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DemoImage } from '../demo/stream.js';
import { emptyImage, htmlAsImage, truncated } from './bad-images.js';
import { renderJpeg } from './render.js';

/** Large enough to look at; preprocessing makes it small anyway. */
export const DEMO_WIDTH_PX = 240;

/** The pictures of the demo in a folder. */
export interface DemoImageFolder {
  /** Writes the images that are to arrive late; each appears whole. Calling it again changes nothing. */
  releaseLateImages(): Promise<void>;
}

async function bytesOf({ content, listing }: DemoImage, widthPx: number): Promise<Buffer> {
  if (content === 'html') return htmlAsImage();
  if (content === 'empty') return emptyImage();
  const jpeg = await renderJpeg(listing, widthPx);
  return content === 'truncated' ? truncated(jpeg) : jpeg;
}

/** Writes under another name first, so that a reader never sees half a picture. */
async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  await writeFile(`${path}.part`, bytes);
  await rename(`${path}.part`, path);
}

/** Writes the pictures of a demo stream into `folder`, but those that arrive late: of these it removes what an earlier run left. */
export async function writeDemoImages(
  folder: string,
  images: readonly DemoImage[],
  { widthPx = DEMO_WIDTH_PX }: { widthPx?: number } = {},
): Promise<DemoImageFolder> {
  await mkdir(folder, { recursive: true });
  const late = images.filter((image) => image.late);
  for (const image of late) await rm(join(folder, image.fileName), { force: true });
  const write = async (some: readonly DemoImage[]): Promise<void> => {
    for (const image of some) await writeWhole(join(folder, image.fileName), await bytesOf(image, widthPx));
  };
  await write(images.filter((image) => !image.late));
  return { releaseLateImages: () => write(late) };
}
