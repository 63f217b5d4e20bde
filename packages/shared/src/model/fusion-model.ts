import type { Bundle, EncoderManifest, FusionManifest, ModalityPattern } from '../bundle/manifest.js';
import { tokenWidths } from '../bundle/token-widths.js';
import type { LabelledTask } from '../events/records.js';
import type { RunResult, Tensors } from '../ports/inference.js';
import { allFinite, length } from '../tensor/math.js';
import type { TokenSequence } from '../tensor/token-sequence.js';
import { bucketOf, computeInRuns, lengthBuckets, runSizes } from './buckets.js';
import { createDecision, type Decision, patternOf } from './decide.js';
import { floats, type ModelOptions } from './encoder-model.js';
import { type HeadInput, headInput } from './head-input.js';
import { judgeMatch, type MatchVerdict } from './match.js';

/** The token sequences of a listing; at least one must be there. */
export interface FusionInput {
  readonly image?: TokenSequence;
  readonly text?: TokenSequence;
}

/** What the head says of a listing. */
export interface Prediction extends MatchVerdict {
  readonly labels: readonly LabelledTask[];
  /** L2-normalised, [embeddingWidth]. */
  readonly embedding: Float32Array;
}

/** The multi-task head over token sequences. */
export interface FusionModel {
  /** One prediction per input; undefined where the graph gave NaN or infinity or where there is no modality at all. */
  fuse(inputs: readonly FusionInput[]): Promise<(Prediction | undefined)[]>;
  warmUp(): Promise<void>;
}

/** A listing of a run, and the tokens its sequences are padded to. */
export type FusionRow = FusionInput & { readonly imageLength: number; readonly textLength: number };

type Row = FusionRow & MatchVerdict & { readonly pattern: ModalityPattern };

/** Builds the head of a verified bundle over its opened graph. `encoder` is the bundle it requires. */
export function createFusionModel(
  { manifest }: Bundle<FusionManifest>,
  { manifest: encoder }: Bundle<EncoderManifest>,
  { inference, maxRunSize, onRun }: ModelOptions,
): FusionModel {
  const head = headInput(manifest.graph.reads ?? 'tokens', encoder);
  const buckets = lengthBuckets(encoder.text.contextLength);
  const tasks = manifest.tasks.map((task) => ({ logits: `logits_${task.name}`, decide: createDecision(task) }));

  const toRow = (given: FusionInput): Row | undefined => {
    const verdict = judgeMatch(given.image, given.text, manifest.match);
    // A text that belongs to another listing says nothing of this one.
    const { text: _, ...imageAlone } = given;
    const input: FusionInput = verdict.mismatched ? imageAlone : given;
    const pattern = patternOf(input.image !== undefined, input.text !== undefined);
    // A missing modality is one masked token: attention over padding is computed in vain.
    const imageLength = input.image === undefined ? 1 : head.count(input.image);
    const textCount = input.text === undefined ? 1 : head.count(input.text);
    const textLength = textCount === 1 ? 1 : bucketOf(textCount, buckets);
    return pattern && { ...input, ...verdict, pattern, imageLength, textLength };
  };
  // Not the attention: it is large, and nobody asks for it here.
  const wanted = [...tasks.map(({ logits }) => logits), 'modality_weights', 'embedding'];
  const fuseRun = async (rows: readonly Row[]) => {
    const result = await inference.run('fusion', stackRows(rows, head), wanted);
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
      const widths = tokenWidths(encoder.tokenWidth);
      const sequence = (count: number, width: number): TokenSequence => ({
        count,
        width,
        tokens: new Uint16Array(count * width),
        // Equal ones belong together, whatever the threshold: no text may be masked here.
        embedding: new Float32Array(encoder.embeddingWidth).fill(1),
      });
      const image = sequence(encoder.towers.image.tokenCount, widths.image);
      const shapes: FusionInput[] = [
        { image },
        ...buckets.flatMap((bucket) => [{ text: sequence(bucket, widths.text) }, { image, text: sequence(bucket, widths.text) }]),
      ];
      const corners = [...new Set([runSizes(maxRunSize).at(-1) ?? 1, 1])];
      for (const rows of corners) for (const shape of shapes) await fuse(new Array(rows).fill(shape));
    },
  };
}

/** Rows of one bucket as padded tensors with a mask per modality. */
export function stackRows(rows: readonly FusionRow[], head: HeadInput): Tensors {
  const image = stackSequences(rows, (row) => row.image, { padded: rows[0]?.imageLength ?? 1, width: head.widths.image, head });
  const text = stackSequences(rows, (row) => row.text, { padded: rows[0]?.textLength ?? 1, width: head.widths.text, head });
  return { image_tokens: image.tokens, image_mask: image.mask, text_tokens: text.tokens, text_mask: text.mask };
}

function stackSequences(
  rows: readonly FusionRow[],
  pick: (row: FusionRow) => TokenSequence | undefined,
  { padded, width, head }: { readonly padded: number; readonly width: number; readonly head: HeadInput },
) {
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
      mismatched: row.mismatched,
      ...(row.imageTextMatch === undefined ? {} : { imageTextMatch: row.imageTextMatch }),
    };
  });
}

function unit(vector: Float32Array): Float32Array {
  const scale = length(vector);
  return scale > 0 ? vector.map((value) => value / scale) : vector.slice();
}
