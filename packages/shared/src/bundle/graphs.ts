import { join } from 'node:path';
import type { Bundle } from './manifest.js';

/** Absolute graph files of a bundle by the name they are run under: `image` and `text`, `fusion`, or `prefix` and `step`. */
export function graphFiles({ directory, manifest }: Bundle): Record<string, string> {
  if (manifest.kind === 'fusion') return { fusion: join(directory, manifest.graph.file) };
  if (manifest.kind === 'caption') {
    return { prefix: join(directory, manifest.graphs.prefix.file), step: join(directory, manifest.graphs.step.file) };
  }
  return { image: join(directory, manifest.towers.image.file), text: join(directory, manifest.towers.text.file) };
}
