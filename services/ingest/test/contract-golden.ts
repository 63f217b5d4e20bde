import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const GOLDEN = join(import.meta.dirname, '../../../packages/shared/contracts/golden');

/** A golden file that training wrote. A missing one fails the test that asks for it. */
export function readContractGolden<T>(
  name: 'preprocessing.json' | 'tokenisation.json' | `clip-${'preprocessing' | 'tokenisation'}.json`,
): T {
  return JSON.parse(readFileSync(join(GOLDEN, name), 'utf8'));
}

/** The merges of CLIP's vocabulary, best first. */
export function readClipMerges(): readonly (readonly [string, string])[] {
  const lines = gunzipSync(readFileSync(join(GOLDEN, 'clip-merges.txt.gz')))
    .toString('utf8')
    .split('\n');
  return lines.map((line) => {
    const [first = '', second = ''] = line.split(' ');
    return [first, second];
  });
}
