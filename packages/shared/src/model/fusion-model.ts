import type { Bundle, EncoderManifest, FusionManifest, ModalityPattern } from '../bundle/manifest.js';
import type { LabelledTask } from '../events/records.js';
import type { RunResult, Tensors } from '../ports/inference.js';
import { allFinite, cosine, length } from '../tensor/math.js';
import type { TokenSequence } from '../tensor/token-sequence.js';
import { bucketOf, computeInRuns, lengthBuckets, runSizes } from './buckets.js';
import { createDecision, type Decision, patternOf } from './decide.js';
import { floats, type ModelOptions } from './encoder-model.js';
import { type HeadInput, headInput } from './head-input.js';

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
  const head = headInput(manifest.graph.reads ?? 'tokens', encoder);
  const buckets = lengthBuckets(encoder.text.contextLength);
  const tasks = manifest.tasks.map((task) => ({ logits: `logits_${task.name}`, decide: createDecision(task) }));

  const toRow = (input: FusionInput): Row | undefined => {
    const pattern = patternOf(input.image !== undefined, input.text !== undefined);
    // A missing modality is one masked token: attention over padding is computed in vain.
    const imageLength = input.image === undefined ? 1 : head.count(input.image);
    const textCount = input.text === undefined ? 1 : head.count(input.text);
    const textLength = textCount === 1 ? 1 : bucketOf(textCount, buckets);
    return pattern && { ...input, pattern, imageLength, textLength };
  };
  const fuseRun = async (rows: readonly Row[]) => {
    const result = await inference.run('fusion', stackRows(rows, head));
    onRun?.('fusion', rows.length, result.runMs);
    return readRows(result, rows, tasks);
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
        width: encoder.tokenWidth,
        tokens: new Uint16Array(count * encoder.tokenWidth),
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
function stackRows(rows: readonly Row[], head: HeadInput): Tensors {
  const image = stackSequences(rows, (row) => row.image, rows[0]?.imageLength ?? 1, head);
  const text = stackSequences(rows, (row) => row.text, rows[0]?.textLength ?? 1, head);
  return { image_tokens: image.tokens, image_mask: image.mask, text_tokens: text.tokens, text_mask: text.mask };
}

function stackSequences(rows: readonly Row[], pick: (row: Row) => TokenSequence | undefined, padded: number, head: HeadInput) {
  const { width } = head;
  const tokens = new Float32Array(rows.length * padded * width);
  const mask = new Float32Array(rows.length * padded);
  rows.forEach((row, at) => {
    const sequence = pick(row);
    if (sequence === undefined) return;
    head.write(sequence, tokens, at * padded * width);
    mask.fill(1, at * padded, at * padded + head.count(sequence));
  });
  return {
    tokens: { type: 'float32', dims: [rows.length, padded, width], data: tokens },
    mask: { type: 'float32', dims: [rows.length, padded], data: mask },
  } as const;
}

interface TaskOutput {
  /** Name of the graph's output. */
  readonly logits: string;
  readonly decide: Decision;
}

function readRows({ outputs }: RunResult, rows: readonly Row[], tasks: readonly TaskOutput[]): (Prediction | undefined)[] {
  const rowOf = (name: string) => {
    const values = floats(outputs, name);
    const size = values.length / rows.length;
    return (row: number) => values.subarray(row * size, (row + 1) * size);
  };
  const embeddings = rowOf('embedding');
  const weights = rowOf('modality_weights');
  const logits = tasks.map((task) => rowOf(task.logits));
  return rows.map((row, at) => {
    const [embedding, weight, scores] = [embeddings(at), weights(at), logits.map((ofTask) => ofTask(at))];
    if (![embedding, weight, ...scores].every(allFinite)) return undefined;
    return {
      labels: tasks.map(({ decide }, index) =>
        decide(scores[index] ?? [], [weight[2 * index] ?? 0, weight[2 * index + 1] ?? 0], row.pattern),
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
