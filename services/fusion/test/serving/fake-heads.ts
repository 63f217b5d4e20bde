import type { LabelledTask } from '@labelstream/shared/events/records';
import type { Prediction } from '@labelstream/shared/model/fusion-model';
import type { OpenHead } from '../../src/serving/pool.js';

export const labelled = (label: string, confidence = 0.9): LabelledTask => ({
  task: 'articleType',
  label,
  confidence,
  abstained: false,
  alternatives: [],
  imageWeight: 0.5,
  textWeight: 0.5,
});

export const predictionOf = (label: string): Prediction => ({
  labels: [labelled(label)],
  embedding: new Float32Array(1),
  mismatched: false,
});

/** Heads that label whatever they are given with their own id; one whose id is `broken` cannot be opened. */
export function fakeHeads(broken?: string) {
  const users = new Map<string, number>();
  const opened: string[] = [];
  const open: OpenHead = async ({ id }) => {
    if (id === broken) throw new Error('broken');
    opened.push(id);
    users.set(id, (users.get(id) ?? 0) + 1);
    return {
      id,
      model: { fuse: async (inputs) => inputs.map((input) => (input.text === undefined ? undefined : predictionOf(id))) },
      failed: new Promise<never>(() => {}),
      close: async () => void users.set(id, (users.get(id) ?? 0) - 1),
    };
  };
  return { open, opened, isOpen: (id: string) => users.get(id) ?? 0 };
}
