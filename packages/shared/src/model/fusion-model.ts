import type { Bundle, EncoderManifest, FusionManifest, ModalityPattern } from '../bundle/manifest.js';
import type { LabelledTask } from '../events/records.js';
import type { RunResult, Tensors } from '../ports/inference.js';
import { allFinite, cosine, length } from '../tensor/math.js';
import { type TokenSequence, unpackTokens } from '../tensor/token-sequence.js';
import { bucketOf, computeInRuns, lengthBuckets, runSizes } from './buckets.js';
import { decideTask, patternOf } from './decide.js';
import { floats, type ModelOptions } from './encoder-model.js';

/** The token sequences of a listing; at least one must be there. */
export interface FusionInput {
  readonly image?: TokenSequence;
  readonly text?: TokenSequence;
}

/** What the head says of a listing. */
export interface Prediction {
  readonly labels: readonly LabelledTask[];
  /** L2-normalised, [embeddingWidth]. */
  readonly embedding: Float32Array;
  /** Cosine of the two CLIP embeddings, when both modalities are there. */
  readonly imageTextMatch?: number;
}

/** The multi-task head over token sequences. */
export interface FusionModel {
  /** One prediction per input; undefined where the graph gave NaN or infinity or where there is no modality at all. */
  fuse(inputs: readonly FusionInput[]): Promise<(Prediction | undefined)[]>;
  warmUp(): Promise<void>;
}

type Row = FusionInput & { readonly pattern: ModalityPattern; readonly imageLength: number; readonly textLength: number };

/** Builds the head of a verified bundle over its opened graph. `encoder` is the bundle it requires. */
export function createFusionModel(
  { manifest }: Bundle<FusionManifest>,
  { manifest: encoder }: Bundle<EncoderManifest>,
  { inference, maxRunSize, onRun }: ModelOptions,
): FusionModel {
  const width = manifest.tokenWidth;
  const buckets = lengthBuckets(encoder.text.contextLength);

  const toRow = (input: FusionInput): Row | undefined => {
    const pattern = patternOf(input.image !== undefined, input.text !== undefined);
    // A missing modality is one masked token: attention over padding is computed in vain.
    const imageLength = input.image?.count ?? 1;
    const textLength = input.text === undefined ? 1 : bucketOf(input.text.count, buckets);
    return pattern && { ...input, pattern, imageLength, textLength };
  };
  const fuseRun = async (rows: readonly Row[]) => {
    const result = await inference.run('fusion', stackRows(rows, width));
    onRun?.('fusion', rows.length, result.runMs);
    return readRows(result, rows, manifest);
  };
  const fuse: FusionModel['fuse'] = async (inputs) => {
    const rows = inputs.map(toRow);
    const present = rows.filter((row) => row !== undefined);
    const bucket = ({ imageLength, textLength }: Row) => `${imageLength}/${textLength}`;
    const results = (await computeInRuns(present, { bucket, maxRunSize }, fuseRun)).values();
    return rows.map((row) => row && results.next().value);
  };
  return {
    fuse,
    warmUp: async () => {
      const sequence = (count: number): TokenSequence => ({
        count,
        width,
        tokens: new Uint16Array(count * width),
        embedding: new Float32Array(encoder.embeddingWidth),
      });
      const image = sequence(encoder.towers.image.tokenCount);
      const shapes: FusionInput[] = [
        { image },
        ...buckets.flatMap((bucket) => [{ text: sequence(bucket) }, { image, text: sequence(bucket) }]),
      ];
      const corners = [...new Set([runSizes(maxRunSize).at(-1) ?? 1, 1])];
      for (const rows of corners) for (const shape of shapes) await fuse(new Array(rows).fill(shape));
    },
  };
}

/** Rows of one bucket as padded tensors with a mask per modality. */
function stackRows(rows: readonly Row[], width: number): Tensors {
  const image = stackSequences(rows, (row) => row.image, rows[0]?.imageLength ?? 1, width);
  const text = stackSequences(rows, (row) => row.text, rows[0]?.textLength ?? 1, width);
  return { image_tokens: image.tokens, image_mask: image.mask, text_tokens: text.tokens, text_mask: text.mask };
}

function stackSequences(rows: readonly Row[], pick: (row: Row) => TokenSequence | undefined, padded: number, width: number) {
  const tokens = new Float32Array(rows.length * padded * width);
  const mask = new Float32Array(rows.length * padded);
  rows.forEach((row, at) => {
    const sequence = pick(row);
    if (sequence === undefined) return;
    unpackTokens(sequence, tokens, at * padded * width);
    mask.fill(1, at * padded, at * padded + sequence.count);
  });
  return {
    tokens: { type: 'float32', dims: [rows.length, padded, width], data: tokens },
    mask: { type: 'float32', dims: [rows.length, padded], data: mask },
  } as const;
}

function readRows({ outputs }: RunResult, rows: readonly Row[], { tasks }: FusionManifest): (Prediction | undefined)[] {
  const rowOf = (name: string) => {
    const values = floats(outputs, name);
    const size = values.length / rows.length;
    return (row: number) => values.subarray(row * size, (row + 1) * size);
  };
  const embeddings = rowOf('embedding');
  const weights = rowOf('modality_weights');
  const logits = tasks.map((task) => rowOf(`logits_${task.name}`));
  return rows.map((row, at) => {
    const [embedding, weight, scores] = [embeddings(at), weights(at), logits.map((ofTask) => ofTask(at))];
    if (![embedding, weight, ...scores].every(allFinite)) return undefined;
    return {
      labels: tasks.map((task, index) =>
        decideTask(task, scores[index] ?? [], [weight[2 * index] ?? 0, weight[2 * index + 1] ?? 0], row.pattern),
      ),
      embedding: unit(embedding),
      ...(row.image && row.text ? { imageTextMatch: cosine(row.image.embedding, row.text.embedding) } : {}),
    };
  });
}

function unit(vector: Float32Array): Float32Array {
  const scale = length(vector);
  return scale > 0 ? vector.map((value) => value / scale) : vector.slice();
}
