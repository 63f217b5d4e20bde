import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A fusion bundle on disk. */
export interface FusionBundle {
  readonly folder: string;
  readonly generation: number;
}

/** Reads which generation a bundle is. */
export async function openFusionBundle(folder: string): Promise<FusionBundle> {
  const { generation } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as { generation: number };
  return { folder, generation };
}

/**
 * Copies a bundle as one of the next generation. Only the manifest changes: it lists the other files with their hashes, and is itself what the
 * bundle's id is made of.
 */
export async function copyAsNextGeneration(bundle: FusionBundle, into: string): Promise<FusionBundle> {
  const generation = bundle.generation + 1;
  const folder = join(into, `fusion-generation-${generation}`);
  await mkdir(into, { recursive: true });
  await cp(bundle.folder, folder, { recursive: true });
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  await writeFile(path, JSON.stringify({ ...manifest, generation }));
  return { folder, generation };
}
