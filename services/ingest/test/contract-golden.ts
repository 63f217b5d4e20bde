import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const GOLDEN = join(import.meta.dirname, '../../../packages/shared/contracts/golden');

/** A golden file that training wrote. A missing one fails the test that asks for it. */
export function readContractGolden<T>(name: 'preprocessing.json' | 'tokenisation.json'): T {
  return JSON.parse(readFileSync(join(GOLDEN, name), 'utf8'));
}
