import type { PatchGrid } from '@labelstream/shared/bundle/manifest';
import type { LabelledTask, ModelRef } from '@labelstream/shared/events/records';
import { type Paint, renderTable } from '../output.js';
import { round } from '../round.js';
import { type ChosenHead, describeChoice } from './choose-head.js';
import { describePlace } from './grid.js';
import { peakOf } from './intensity.js';
import type { Maps, Method, WordMap } from './maps.js';
import type { Subject } from './subject.js';

/** The head that answers. */
export type SaidHead = ChosenHead & { readonly id: string };

/** What `explain --json` prints. */
export interface ExplainReport {
  readonly productId?: string;
  readonly text: string;
  readonly labels: readonly LabelledTask[];
  readonly imageTextMatch?: number;
  readonly mismatched: boolean;
  /** Made the labels. */
  readonly model: ModelRef;
  /** Makes the maps, and the labels of a given listing. */
  readonly head: SaidHead;
  readonly map?: {
    readonly method: Method;
    readonly source?: string;
    /** On the model's picture; its size is the encoder manifest's. */
    readonly grid: PatchGrid;
    readonly words: readonly {
      readonly word: string;
      readonly tokens: number;
      readonly share: number;
      /** rows × columns; see `WordMap`. */
      readonly map: readonly (readonly number[])[];
    }[];
  };
  readonly notes: readonly string[];
  /** Files that were written. */
  readonly files: readonly string[];
}

/** All numbers of an explanation. */
export function reportOf(
  { image: _, textSequence: __, ...subject }: Subject,
  head: SaidHead,
  maps: Maps | undefined,
  files: readonly string[],
): ExplainReport {
  if (maps === undefined) return { ...subject, head, files };
  const { method, source, grid, words } = maps;
  const table = (map: Float32Array) =>
    Array.from({ length: grid.rows }, (_, row) =>
      Array.from(map.subarray(row * grid.columns, (row + 1) * grid.columns), (share) => round(share, 4)),
    );
  return {
    ...subject,
    head,
    map: {
      method,
      ...(source === undefined ? {} : { source }),
      grid,
      words: words.map(({ word, tokens, share, map }) => ({ word, tokens, share: round(share, 4), map: table(map) })),
    },
    files,
  };
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

/** How much a word's map says, in a few letters. */
export function describeWord({ share, map }: WordMap, method: Method): { readonly share: string; readonly peak: string } {
  const { value } = peakOf(map);
  return method === 'attention'
    ? { share: percent(share), peak: `× ${value.toFixed(1)}` }
    : { share: share.toFixed(2), peak: value > 0 ? `−${value.toFixed(2)}` : '–' };
}

/** An explanation for a terminal. */
export function renderExplanation(subject: Subject, head: SaidHead, maps: Maps | undefined, { bold, dim, yellow }: Paint): string {
  const { productId, text, labels, imageTextMatch, mismatched, model, notes } = subject;
  const name = productId === undefined ? '' : `${bold(productId)}  `;
  const match = imageTextMatch === undefined ? '' : ` Image and text match with ${imageTextMatch.toFixed(2)}.`;
  const flagged = mismatched ? yellow(' They do not belong together: the labels are made from the image alone.') : '';
  return [
    `${name}${text === '' ? dim('no text') : text}`,
    '',
    renderLabels(labels, { dim, yellow }),
    ...(maps === undefined ? [] : ['', renderWords(maps, subject)]),
    '',
    `encoder ${model.encoder}, fusion ${model.fusion}.${match}${flagged}`,
    `Answered by ${head.id}, ${describeChoice(head)}.`,
    ...notes.map((note) => yellow(note)),
  ].join('\n');
}

function renderLabels(labels: readonly LabelledTask[], { dim, yellow }: Pick<Paint, 'dim' | 'yellow'>): string {
  const right = { align: 'right' } as const;
  return renderTable(
    [
      { title: 'task' },
      { title: 'label' },
      { title: 'confidence', ...right },
      { title: 'image', ...right },
      { title: 'text', ...right },
      { title: 'next best' },
    ],
    labels.map(({ task, label, confidence, abstained, imageWeight, textWeight, alternatives }) => [
      task,
      abstained ? yellow(`${label} (abstained)`) : label,
      confidence.toFixed(3),
      percent(imageWeight),
      percent(textWeight),
      dim(alternatives.map((other) => `${other.label} ${other.confidence.toFixed(3)}`).join(', ')),
    ]),
  );
}

function renderWords({ method, grid, words }: Maps, { image }: Subject): string {
  const titles = method === 'attention' ? ['attention to the picture', 'peak'] : ['match with the picture', 'peak where covered'];
  return renderTable(
    [{ title: 'word' }, ...titles.map((title) => ({ title, align: 'right' as const })), { title: 'where' }],
    words.map((word) => {
      const { share, peak } = describeWord(word, method);
      const place = image === undefined || peak === '–' ? '' : describePlace(peakOf(word.map).patch, grid, image.backdrop.view);
      return [word.word, share, peak, place];
    }),
  );
}
