import { LabelstreamError } from '@labelstream/shared/errors';
import type { LabelEntry } from './label-set.js';

/**
 * Refuses labels between which the encoder cannot decide: they differ in capital letters only, say, or beyond the length that its text
 * tower reads. In a taxonomy only those of one parent are compared.
 *
 * @param tokenIds what the text tower is given of a label's name
 * @throws SOURCE_INVALID naming both
 */
export function refuseTwins(entries: readonly LabelEntry[], tokenIds: (name: string) => readonly number[]): void {
  const seen = new Map<string, string>();
  for (const { label, name, path = [] } of entries) {
    const key = JSON.stringify([path.slice(0, -1), tokenIds(name)]);
    const twin = seen.get(key);
    if (twin !== undefined)
      throw new LabelstreamError('SOURCE_INVALID', `The labels "${twin}" and "${label}" are the same to the encoder.`);
    seen.set(key, label);
  }
}
