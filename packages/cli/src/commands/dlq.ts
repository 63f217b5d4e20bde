import { LabelstreamError } from '@labelstream/shared/errors';
import { STAGE_NAMES } from '@labelstream/shared/stream/stage';
import { Command } from 'commander';
import { type CommandDeps, dataDirOption, examples, wholeNumber } from '../command.js';
import { type Connection, connectFrom } from '../connect.js';
import { showBody } from '../dlq/body.js';
import {
  type DeadLetterFilter,
  parseCode,
  parseStage,
  parseWhen,
  placeOf,
  type Selection,
  selectByFilter,
  selectByIds,
} from '../dlq/filter.js';
import { dryRunPurge, lettersToDelete, type PurgeResult, planPurge, purgeDeadLetters } from '../dlq/purge.js';
import { type DeadLetterSource, findDeadLetters, newestFirst, readDeadLetter, stagesWithTopic } from '../dlq/read.js';
import { deadLetterTopic } from '../dlq/record.js';
import { EMPTY_TALLY, letterLine, letterTable, letterText, purgeText, tallied, tallyText } from '../dlq/render.js';
import { dryRun, planReplay, REFUSALS, replayDeadLetters } from '../dlq/replay.js';

/** So many lines fit a screen or two; `list --limit` gives more. */
const LISTED = 50;
/** So many refusals are named one by one; `--json` names all. */
const NAMED = 20;

interface CommonFlags {
  readonly dataDir: string;
  readonly json?: boolean;
}

interface ListFlags extends DeadLetterFilter, CommonFlags {
  readonly limit: number;
  readonly all?: boolean;
}

interface ShowFlags extends CommonFlags {
  readonly raw?: boolean;
}

interface ReplayFlags extends DeadLetterFilter, CommonFlags {
  readonly everything?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

interface PurgeFlags extends DeadLetterFilter, CommonFlags {
  readonly everything?: boolean;
  readonly replayed?: boolean;
  readonly yes?: boolean;
}

/** `labelstream dlq list|show|replay|purge`: messages that a stage gave up. */
export function dlqCommand(deps: CommandDeps): Command {
  return new Command('dlq')
    .description('See the messages that a stage could not take (dead letters), send them again, and delete them.')
    .addCommand(listCommand(deps))
    .addCommand(showCommand(deps))
    .addCommand(replayCommand(deps))
    .addCommand(purgeCommand(deps))
    .addHelpText(
      'after',
      examples(
        ['dlq list --since 2h', 'what failed lately, and why'],
        ['dlq show ingest-0-12', 'one of them, with its bytes'],
        ['dlq replay --code IMAGE_FETCH_FAILED', 'send them again, once the image host is back'],
        ['dlq purge --before 7d', 'what could be deleted, without doing it'],
      ),
    );
}

/** The options that choose dead letters. */
function withFilters(command: Command): Command {
  return command
    .option('--code <code>', 'only this error code (docs/reference/errors.md)', parseCode)
    .option('--stage <stage>', `only this stage: ${STAGE_NAMES.join(', ')}`, parseStage)
    .option('--product <id>', 'only this product')
    .option('--since <when>', 'only what failed since: 30m, 2h, 7d, or 2026-01-31T08:00:00Z', (text) =>
      parseWhen('--since', text, Date.now()),
    )
    .option('--before <when>', 'only what failed before: as --since', (text) => parseWhen('--before', text, Date.now()));
}

function listCommand(deps: CommandDeps): Command {
  return withFilters(new Command('list').description('List dead letters, newest first; those that were replayed are left out.'))
    .option('--limit <n>', 'list so many at most', wholeNumber('--limit', 1), LISTED)
    .option('--all', 'also those that were replayed')
    .option('--json', 'print one JSON document a line')
    .addOption(dataDirOption(deps.config))
    .addHelpText(
      'after',
      examples(
        ['dlq list', `the newest ${LISTED}`],
        ['dlq list --code EVENT_INVALID --json', 'for a script'],
        ['dlq list --product 10000 --all', 'all that ever failed of one product'],
      ),
    )
    .action((flags: ListFlags) => withDeadLetters(flags.dataDir, deps, (source) => list(flags, source, deps)));
}

function showCommand(deps: CommandDeps): Command {
  return new Command('show')
    .description('Show one dead letter: why it failed, where it came from, its headers and its bytes.')
    .argument('<id>', 'its id, as "dlq list" shows it')
    .option('--raw', 'write the original bytes, and nothing else')
    .addOption(dataDirOption(deps.config))
    .addHelpText(
      'after',
      examples(['dlq show ingest-0-12', 'JSON and Avro are made readable'], ['dlq show ingest-0-12 --raw > event.bin', 'exactly as sent']),
    )
    .action((id: string, flags: ShowFlags) => {
      placeOf(id);
      return withDeadLetters(flags.dataDir, deps, (source, connection) => show(id, flags, { source, connection, deps }));
    });
}

function replayCommand(deps: CommandDeps): Command {
  return withFilters(new Command('replay').description('Send dead letters again, to the topic and lane they came from, in their order.'))
    .argument('[id...]', 'ids, as "dlq list" shows them; or choose by the options')
    .option('--everything', 'all that were not replayed yet')
    .option('--force', 'also those that failed after three replays')
    .option('--dry-run', 'only say what would be done')
    .option('--json', 'print one JSON document a dead letter')
    .addOption(dataDirOption(deps.config))
    .addHelpText(
      'after',
      `\nThe exit code is 1 when some cannot be replayed.\n${examples(
        ['dlq replay ingest-0-12 ingest-0-15', 'these two'],
        ['dlq replay --stage encoder --since 1d --dry-run', 'see first'],
        ['dlq replay --everything', 'all of them'],
      )}`,
    )
    .action((ids: string[], flags: ReplayFlags) => {
      const selection = selectionOf(ids, flags, 'replay');
      return withDeadLetters(flags.dataDir, deps, (source) => replay(selection, flags, source, deps));
    });
}

function purgeCommand(deps: CommandDeps): Command {
  return withFilters(new Command('purge').description('Delete dead letters for good; without --yes, only say which.'))
    .argument('[id...]', 'ids, as "dlq list" shows them; or choose by the options')
    .option('--everything', 'all, those that were replayed included')
    .option('--replayed', 'only those that were replayed')
    .option('--yes', 'delete; nothing brings them back')
    .option('--json', 'print one JSON document a dead letter')
    .addOption(dataDirOption(deps.config))
    .addHelpText(
      'after',
      `
Kafka deletes a partition from its beginning only. So a dead letter is deleted when all that lie before it in its partition are
chosen, too; the others stay, and the exit code is 1. Choosing by --before leaves none behind; whatever stays goes after 30 days.
${examples(
  ['dlq purge --before 7d', 'see first'],
  ['dlq purge --before 7d --yes', 'older than a week'],
  ['dlq purge --replayed --yes', 'what was sent again, as far as nothing else lies before it'],
)}`,
    )
    .action((ids: string[], flags: PurgeFlags) => {
      const selection = selectionOf(ids, flags, 'purge');
      return withDeadLetters(flags.dataDir, deps, (source) => purge(selection, flags, source, deps));
    });
}

/** Nothing is sent or deleted by oversight: what is meant has to be named in one way. Throws USAGE. */
function selectionOf(ids: readonly string[], flags: ReplayFlags & PurgeFlags, command: 'replay' | 'purge'): Selection {
  const { code, stage, product, since, before, replayed, everything } = flags;
  const isFiltered = [code, stage, product, since, before, replayed].some((value) => value !== undefined);
  const ways = [ids.length > 0, isFiltered, everything === true].filter(Boolean).length;
  if (ways !== 1) {
    const what = ways === 0 ? 'needs to know what' : 'takes one of these ways';
    const filters = `--code, --stage, --product, --since, --before${command === 'purge' ? ', --replayed' : ''}`;
    throw new LabelstreamError('USAGE', `dlq ${command} ${what}: ids, filters (${filters}), or --everything.`);
  }
  return ids.length > 0 ? selectByIds(ids) : selectByFilter(flags);
}

async function list({ limit, all = false, json, ...filter }: ListFlags, source: DeadLetterSource, { output }: CommandDeps): Promise<void> {
  const found = newestFirst(await findDeadLetters(source, selectByFilter(filter))).filter(({ isReplayed }) => all || !isReplayed);
  const shown = found.slice(0, limit);
  if (json) for (const letter of shown) await output.printJson(letterLine(letter));
  else await output.print(shown.length === 0 ? 'No dead letters.' : letterTable(shown, output.paint));
  if (found.length > limit) output.note(`${found.length - limit} more are older; --limit ${found.length} lists them too.`);
}

async function show(
  id: string,
  { raw = false }: ShowFlags,
  { source, connection, deps }: { source: DeadLetterSource; connection: Connection; deps: CommandDeps },
): Promise<void> {
  const { output, markFailed } = deps;
  const found = await readDeadLetter(source, placeOf(id));
  if (found === null) {
    output.note(`labelstream: there is no dead letter ${id}, or it is no longer kept.`);
    return markFailed();
  }
  const { letter, message } = found;
  if (!raw) {
    const body = message.value === null ? null : await showBody(message.value, letter.stage, connection.codecs);
    return output.print(letterText(letter, message, body, output.paint));
  }
  if (message.value !== null) return output.printBytes(message.value);
  output.note(`labelstream: ${id} has no bytes${letter.isOmitted ? `: ${letter.sizeBytes} were too large to be kept` : ''}.`);
  if (letter.isOmitted) markFailed();
}

async function replay(selection: Selection, flags: ReplayFlags, source: DeadLetterSource, deps: CommandDeps): Promise<void> {
  const { output, markFailed } = deps;
  const { json = false, force = false, dryRun: isDryRun = false } = flags;
  const plan = planReplay(await findDeadLetters(source, selection), selection, { topics: source.topics, force });
  const progress = output.progress('replaying');
  let tally = EMPTY_TALLY;
  let named = 0;
  try {
    for await (const result of isDryRun ? dryRun(plan) : replayDeadLetters(source, plan)) {
      tally = tallied(tally, result);
      if (json) await output.printJson(result);
      else if (result.outcome === 'refused' && ++named <= NAMED) output.note(`${result.id}: ${REFUSALS[result.reason]}.`);
      if (result.outcome === 'replayed') progress.update(tally.sent, plan.letters.length);
    }
  } finally {
    progress.end();
  }
  if (!json && isDryRun && plan.letters.length > 0) await output.print(letterTable(plan.letters.slice(0, LISTED), output.paint));
  if (!json) await output.print(tallyText(tally, isDryRun));
  if (tally.refused.size > 0) markFailed();
}

async function purge(
  selection: Selection,
  flags: PurgeFlags,
  source: DeadLetterSource,
  { output, markFailed }: CommandDeps,
): Promise<void> {
  const { json = false, yes = false, replayed: onlyReplayed = false } = flags;
  const plan = await planPurge(source, { ...selection, onlyReplayed });
  const results: PurgeResult[] = [];
  for await (const result of yes ? purgeDeadLetters(source, plan) : dryRunPurge(plan)) {
    results.push(result);
    if (json) await output.printJson(result);
  }
  const kept = results.flatMap((result) => (result.outcome === 'kept' ? result : []));
  if (!json) {
    const letters = lettersToDelete(plan).slice(0, LISTED);
    if (!yes && letters.length > 0) await output.print(letterTable(letters, output.paint));
    for (const { id, behind } of kept.slice(0, NAMED)) output.note(`${id}: stays behind ${behind}.`);
    await output.print(purgeText(results, !yes));
  }
  if (results.some(({ outcome }) => outcome === 'kept' || outcome === 'notFound')) markFailed();
}

async function withDeadLetters(
  dataDir: string,
  deps: CommandDeps,
  work: (source: DeadLetterSource, connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = await connectFrom(deps.config, dataDir);
  try {
    const { broker, topics } = connection;
    const source = { broker, topics, signal: deps.signal };
    if ((await stagesWithTopic(source, STAGE_NAMES)).length === 0) {
      throw new LabelstreamError(
        'USAGE',
        `There is no topic ${deadLetterTopic(topics, 'ingest')}; start the services ("labelstream up") or set TOPIC_PREFIX to theirs.`,
      );
    }
    await work(source, connection);
  } finally {
    await connection.close();
  }
}
