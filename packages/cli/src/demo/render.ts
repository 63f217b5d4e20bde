import type { DemoSummary, TaskSummary } from './summary.js';

/** The summary as a person reads it. `table` lays out rows of cells under a header. */
export function renderSummary(
  summary: DemoSummary,
  table: (header: readonly string[], rows: readonly (readonly string[])[]) => string,
): string {
  return [
    table(
      ['task', 'accuracy', 'abstained', 'right when answered', 'image weight', 'text weight'],
      Object.entries(summary.tasks).map(taskRow),
    ),
    table(['modality', 'used', 'missing', 'pending', 'failed'], modalityRows(summary)),
    outcomes(summary),
    `event → label: p50 ${milliseconds(summary.latencyMs.p50)}, p99 ${milliseconds(summary.latencyMs.p99)}; ` +
      `${summary.listingsPerSecond} listings/s over ${summary.durationSeconds} s on the ${summary.engine} engine.`,
    ...(summary.model === null
      ? []
      : [`models: encoder ${summary.model.encoder}, fusion ${summary.model.fusion}, generation ${summary.model.generation}.`]),
  ].join('\n\n');
}

function taskRow([task, { abstained, weights, metrics }]: [string, TaskSummary]): string[] {
  return [
    task,
    percent(metrics?.accuracy ?? null),
    String(abstained),
    percent(metrics?.precisionWhenAnswered ?? null),
    weights === null ? '–' : weights.image.toFixed(2),
    weights === null ? '–' : weights.text.toFixed(2),
  ];
}

function modalityRows({ modalities }: DemoSummary): string[][] {
  return (['image', 'text'] as const).map((name) => {
    const { USED, MISSING, PENDING, FAILED } = modalities[name];
    return [name, ...[USED, MISSING, PENDING, FAILED].map(String)];
  });
}

function outcomes(summary: DemoSummary): string {
  const { listings, events, labelled, deleted, deadLettered, dropped, unaccounted, labelsPublished } = summary;
  return [
    `${listings} listings in ${events} events: ${labelled} labelled (${labelsPublished} label records), ${deleted} deleted, ${deadLettered} dead letters, ${dropped} events dropped.`,
    ...(summary.mismatched === 0 ? [] : [`${summary.mismatched} labelled from the image alone, because the text does not belong to it.`]),
    `dead letters: ${counts(summary.deadLettersByCode)}`,
    `dropped: ${counts(summary.dropsByReason)}`,
    unaccounted === 0 ? 'Every event is accounted for.' : `${unaccounted} EVENTS ARE UNACCOUNTED FOR.`,
  ].join('\n');
}

const counts = (byName: Readonly<Record<string, number>>) =>
  Object.entries(byName)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ') || 'none';

const percent = (share: number | null) => (share === null ? '–' : `${(share * 100).toFixed(1)} %`);

const milliseconds = (value: number | null) => (value === null ? '–' : `${Math.round(value)} ms`);
