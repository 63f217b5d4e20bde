import type { ComparisonReport } from '@labelstream/shared/model/serving/comparison-report';
import type { RankedHead, Serving, ServingDocument } from '@labelstream/shared/model/serving/document';
import type { Member } from '@labelstream/shared/model/serving/members';
import { type Paint, renderTable } from '../output.js';
import type { Progress } from './change.js';

/** So many past changes are shown. */
const SHOWN = 10;

const time = (at: number) => new Date(at).toISOString();
const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const right = (title: string) => ({ title, align: 'right' as const });
const head = ({ id, generation }: RankedHead) => `${id}, generation ${generation}`;

/** What is served, in lines. */
function servingLines({ active, canary, shadow }: Serving): string[] {
  return [
    `active  ${head(active)}, from ${active.bundle}`,
    ...(canary === undefined ? [] : [`canary  ${head(canary)}, ${canary.percent} % of the products, from ${canary.bundle}`]),
    ...(shadow === undefined ? [] : [`shadow  ${shadow.id}, from ${shadow.bundle}`]),
  ];
}

/** The text of `models status`. */
export function statusText(document: ServingDocument | null, members: readonly Member[], paint: Paint): string {
  return [
    ...(document === null ? [NOTHING_ASKED] : documentLines(document, paint)),
    '',
    ...(members.length === 0 ? ['No instance of fusion is at work.'] : [membersTable(members, paint)]),
  ].join('\n');
}

const NOTHING_ASKED = 'Nothing was ever promoted: every instance of fusion serves its FUSION_BUNDLE.';

function documentLines({ current, next, rejected, history }: ServingDocument, paint: Paint): string[] {
  const refused = (rejected?.reasons ?? []).map(({ member, what }) => `  ${member}: ${what}`);
  return [
    ...servingLines(current),
    ...(next === undefined
      ? []
      : ['', paint.yellow(`change ${next.number} (${next.kind}) is being loaded:`), ...servingLines(next.serving)]),
    ...(rejected === undefined
      ? []
      : ['', paint.red(`change ${rejected.change.number} (${rejected.change.kind}) was rejected at ${time(rejected.at)}:`), ...refused]),
    '',
    renderTable(
      [right('change'), { title: 'what' }, { title: 'active' }, right('generation'), { title: 'since' }],
      history
        .slice(-SHOWN)
        .map(({ number, kind, active, at }) => [
          String(number),
          number === 0 ? 'start' : kind,
          active.id,
          String(active.generation),
          time(at),
        ]),
    ),
  ];
}

function membersTable(members: readonly Member[], paint: Paint): string {
  return renderTable(
    [{ title: 'instance' }, right('change'), { title: 'active' }, right('generation'), { title: 'problem' }],
    members.map(({ id, applied, serving, problem }) => [
      id,
      String(applied),
      serving.active.id,
      String(serving.active.generation),
      problem === undefined ? '' : paint.red(`change ${problem.change}: ${problem.what}`),
    ]),
  );
}

/** One sentence on where a change stands. */
export function progressText(number: number, progress: Progress | null): string {
  if (progress === null) return `Change ${number} is not known any more.`;
  switch (progress.state) {
    case 'served':
      return progress.instances === 0
        ? `Change ${number} is in force; no instance of fusion is at work.`
        : `Change ${number} is served by all instances (${progress.instances}).`;
    case 'rejected':
      return [`Change ${number} was rejected; the one before goes on.`, ...progress.reasons.map(reason)].join('\n');
    case 'asked':
      return `Change ${number} is being loaded; waiting for ${progress.waitingFor.join(', ') || 'the switch'}.`;
    case 'switching':
      return [`Change ${number} is in force; waiting for ${progress.waitingFor.join(', ')}.`, ...progress.problems.map(reason)].join('\n');
  }
}

const reason = ({ member, what }: { readonly member: string; readonly what: string }) => `  ${member}: ${what}`;

/** The text of `models shadow --report`. */
export function comparisonText(report: ComparisonReport, paint: Paint): string {
  const { active, shadow, since, instances, listings, skipped, failed, tasks, examples, disagreements } = report;
  const from = since === null ? 'not yet' : `since ${time(since)}`;
  return [
    `${paint.bold(shadow)} beside ${active}, ${from}`,
    `${listings} listings compared by ${instances} instance${instances === 1 ? '' : 's'}, ${skipped} skipped, ${failed} failed`,
    '',
    renderTable(
      ['task', 'compared', 'agree', 'where both label', 'coverage', 'of the shadow', 'confidence', 'drift'].map((title, at) =>
        at === 0 ? { title } : right(title),
      ),
      tasks.map((task) => [
        task.task,
        String(task.compared),
        percent(task.agreement),
        task.agreementWhereGiven === null ? '' : percent(task.agreementWhereGiven),
        percent(task.coverage.active),
        percent(task.coverage.shadow),
        `${task.meanConfidenceDifference >= 0 ? '+' : ''}${task.meanConfidenceDifference.toFixed(3)}`,
        task.confidenceDrift.toFixed(3),
      ]),
    ),
    ...(examples.length === 0 ? [] : ['', `${examples.length} of ${disagreements} disagreements:`, examplesTable(examples)]),
  ].join('\n');
}

function examplesTable(examples: ComparisonReport['examples']): string {
  const said = ({ label, confidence, abstained }: ComparisonReport['examples'][number]['active']) =>
    `${label} ${confidence.toFixed(2)}${abstained ? ' (abstains)' : ''}`;
  return renderTable(
    ['product', 'task', 'active', 'shadow'].map((title) => ({ title })),
    examples.map((example) => [example.productId, example.task, said(example.active), said(example.shadow)]),
  );
}
