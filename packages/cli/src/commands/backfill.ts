import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { BackfillAction } from '@labelstream/backfill/job/backfill';
import { LabelstreamError } from '@labelstream/shared/errors';
import { Command } from 'commander';
import { backfillDocument, flowDocument, listText, statusText } from '../backfill/document.js';
import { addStartOptions, type StartFlags } from '../backfill/flags.js';
import { withParts, withStore } from '../backfill/open.js';
import { start, waitFor } from '../backfill/start.js';
import { type CommandDeps, examples, wholeNumber } from '../command.js';

const EXIT_CODES_HELP = `
Exit codes:
  0    it is done (with --wait), or what was asked for was done
  1    it has failed: the source cannot be used, too many row errors, or ranges that could not be sent
  2    the command line, a setting or the source is wrong; nothing was started
  3    it is done, but some rows could not be sent: see "backfill report"
  4    it was cancelled while it was waited for
  130  Ctrl-C: it is not waited for any longer; workers go on
`;

/** `labelstream backfill`: whole catalogues through the backfill lane. */
export function backfillCommand(deps: CommandDeps): Command {
  const command = new Command('backfill').description(
    'Send whole catalogues through the backfill lane: with progress, pause and resume, and without slowing the live lane.',
  );
  const commands = [
    startCommand(deps),
    listCommand(deps),
    statusCommand(deps),
    actionCommand(deps, 'pause', 'Hold a backfill; what is under way stops within a second or two.'),
    actionCommand(deps, 'resume', 'Let a paused backfill go on where it was.'),
    actionCommand(deps, 'cancel', 'End a backfill for good; what was sent stays sent.'),
    retryCommand(deps),
    reportCommand(deps),
    workCommand(deps),
  ];
  for (const each of commands) command.addCommand(each);
  return command.addHelpText('after', EXIT_CODES_HELP);
}

const startCommand = (deps: CommandDeps) =>
  addStartOptions(new Command('start').description('Start a backfill; workers send it, also when this command has ended.'))
    .option('--wait', 'show how it gets on until it ends; where no worker is there, this command is one')
    .option('--dry-run', 'check and count only: how many rows, how long they would take, and what that costs')
    .option('--json', 'print JSON: one line now, or with --wait a line every two seconds, the last one at the end')
    .addHelpText(
      'after',
      `${examples(
        ['backfill start --source catalogue.csv --wait', 'a file, with a progress bar'],
        ['backfill start --source s3://shop/export/ --map title=name', 'everything below a prefix; the title is in column "name"'],
        ['backfill start --from topic --since 2026-01-31T00:00Z', 'label again what came since then'],
      )}${EXIT_CODES_HELP}`,
    )
    .action((flags: StartFlags) => start(flags, deps));

const listCommand = ({ config, output }: CommandDeps) =>
  new Command('list')
    .description('Show all backfills, the newest first.')
    .option('--json', 'print one JSON document')
    .action(({ json }: { json?: boolean }) =>
      withStore(config, async (store) => {
        const backfills = await store.list();
        const nowMs = Date.now();
        if (json) await output.printJson({ backfills: backfills.map((backfill) => backfillDocument(backfill, nowMs)) });
        else await output.print(listText(backfills, nowMs, output));
      }),
    );

const statusCommand = ({ config, output }: CommandDeps) =>
  new Command('status')
    .description('Show how far a backfill is, who works on it, and what the flow control does.')
    .argument('<name>')
    .option('--json', 'print one JSON document')
    .action((name: string, { json }: { json?: boolean }) =>
      withStore(config, async (store) => {
        const backfill = await store.get(name);
        if (backfill === null)
          throw new LabelstreamError('USAGE', `There is no backfill "${name}"; "labelstream backfill list" shows them.`);
        const [flow, workers, failed] = await Promise.all([store.flow(), store.workers(), store.failedRanges(name)]);
        const nowMs = Date.now();
        const failedRanges = failed.map(({ range, rowsDone, code, message }) => ({ range: range.name, rowsDone, code, message }));
        if (json) {
          const document = backfillDocument(backfill, nowMs);
          await output.printJson({ ...document, failedRanges, workers: workers.length, flow: flowDocument(flow) });
        } else {
          await output.print(statusText(backfill, flow, workers.length, nowMs, output));
          for (const { range, message } of failedRanges.slice(0, 10)) output.warn(`${range}: ${message}`);
        }
      }),
    );

const actionCommand = ({ config, output }: CommandDeps, action: BackfillAction, description: string) =>
  new Command(action)
    .description(description)
    .argument('<name>')
    .option('--json', 'print one JSON document')
    .action((name: string, { json }: { json?: boolean }) =>
      withStore(config, async (store) => {
        const changed = await store.change(name, action);
        if (json) await output.printJson(backfillDocument(changed, Date.now()));
        else await output.print(`${name} is ${changed.state}`);
      }),
    );

interface RetryFlags {
  readonly maxErrors?: number;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const retryCommand = (deps: CommandDeps) =>
  new Command('retry')
    .description('Try failed ranges again, from where they stopped; rows that were sent are not sent again.')
    .argument('<name>')
    .option('--max-errors <n>', 'another ceiling of rows that cannot be sent', wholeNumber('--max-errors', 0))
    .option('--wait', 'show how it gets on until it ends')
    .option('--json', 'print JSON lines')
    .action((name: string, { maxErrors, wait, json = false }: RetryFlags) =>
      withStore(deps.config, async (store) => {
        const changed = await store.change(name, 'retry', maxErrors === undefined ? {} : { maxErrors });
        if (wait) await waitFor(changed, store, json, deps);
        else if (json) await deps.output.printJson(backfillDocument(changed, Date.now()));
        else await deps.output.print(`${name} is ${changed.state}`);
      }),
    );

const reportCommand = ({ config, output }: CommandDeps) =>
  new Command('report')
    .description('Print the rows that could not be sent, one JSON document a line: origin, position, code, message.')
    .argument('<name>')
    .option('--out <file>', 'write to a file instead')
    .action((name: string, { out }: { out?: string }) =>
      withStore(config, async (store) => {
        const backfill = await store.get(name);
        if (backfill === null)
          throw new LabelstreamError('USAGE', `There is no backfill "${name}"; "labelstream backfill list" shows them.`);
        const errors = await store.rowErrors(name);
        if (out !== undefined) await writeFile(out, errors.map((error) => `${JSON.stringify(error)}\n`).join(''));
        else for (const error of errors) await output.printJson(error);
        const { rowErrors } = backfill.counts;
        const more = rowErrors > errors.length ? `; ${rowErrors - errors.length} more were only counted` : '';
        output.note(`${errors.length} of ${rowErrors} row errors${out === undefined ? '' : ` written to ${out}`}${more}`);
      }),
    );

const workCommand = ({ config, output, signal }: CommandDeps) =>
  new Command('work').description('Work on backfills in this process until Ctrl-C or SIGTERM.').action(() =>
    withParts(config, async (parts) => {
      await parts.startWorker();
      output.note('at work on backfills; Ctrl-C ends this worker, and what it had under way goes on elsewhere');
      if (!signal.aborted) await once(signal, 'abort');
    }),
  );
