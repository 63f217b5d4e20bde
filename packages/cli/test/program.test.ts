import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCliConfig } from '../src/config.js';
import { runCli } from '../src/program.js';
import { fakeStream } from './fake-terminal.js';

let dataDir = '';
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'labelstream-cli-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function run(
  argv: string[],
  { env = {}, signal = new AbortController().signal }: { env?: Record<string, string>; signal?: AbortSignal } = {},
) {
  const stdout = fakeStream();
  const stderr = fakeStream();
  const config = readCliConfig({ LABELSTREAM_DATA_DIR: dataDir, ...env });
  const code = await runCli(argv, { config, stdout, stderr, signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

const GROUPS = [
  ['demo'],
  ['up'],
  ['down'],
  ['status'],
  ['doctor'],
  ['run'],
  ['produce'],
  ['labels'],
  ['labels', 'tail'],
  ['labels', 'get'],
  ['explain'],
  ['dlq'],
  ['dlq', 'list'],
  ['dlq', 'show'],
  ['dlq', 'replay'],
  ['dlq', 'purge'],
  ['models'],
  ['models', 'list'],
  ['models', 'show'],
  ['models', 'verify'],
  ['models', 'zero-shot'],
  ['evaluate'],
  ['bench'],
  ['capacity', 'plan'],
  ['capacity', 'simulate'],
  ['capacity', 'measure'],
  ['soak'],
];

describe('help', () => {
  test.each(GROUPS)('%s %s explains itself with examples', async (...command) => {
    const { code, stdout } = await run([...command.filter((word) => word !== undefined), '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: labelstream ${command.join(' ')}`);
    expect(stdout).toContain('Examples:');
  });

  test('lists the commands, also when nothing is asked for', async () => {
    const help = await run(['--help']);
    expect(help.code).toBe(0);
    for (const [command] of GROUPS) expect(help.stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'));
    expect(await run([])).toEqual(help);
  });

  test('the version is that of the package', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a wrong command line', () => {
  test.each([
    [['statsu'], /unknown command 'statsu'.*status/],
    [['up', '--nonsense'], /unknown option '--nonsense'/],
    [['up', '--engine', 'cloud'], /cloud.*docker, native/],
    [['up', '--services', 'ingest,nobody'], /no service "nobody"; there are ingest, encoder, fusion, sink/],
    [['run'], /missing required argument 'stage'/],
    [['run', 'all', 'sink'], /either "all" or names/],
    [['labels'], /a command is missing/],
    [['dlq'], /a command is missing/],
    [['dlq', 'list', '--code', 'NONSENSE'], /no error code "NONSENSE"; there are EVENT_NOT_DECODABLE, /],
    [['dlq', 'list', '--stage', 'sinks'], /no stage "sinks"; there are ingest, encoder, fusion, sink/],
    [['dlq', 'list', '--since', 'today'], /--since takes a duration .* or an instant .*"today" is neither/],
    [['dlq', 'show', '12'], /"12" is no id of a dead letter/],
    [['dlq', 'replay'], /needs to know what: ids, filters .* or --everything/],
    [['dlq', 'replay', 'ingest-0-1', '--stage', 'sink'], /takes one of these ways: ids, filters/],
    [['dlq', 'replay', '--everything', '--since', '1h'], /takes one of these ways/],
    [['dlq', 'purge', '--yes'], /dlq purge needs to know what: ids, filters .*--replayed.* or --everything/],
    [['dlq', 'purge', '--everything', '--replayed'], /dlq purge takes one of these ways/],
    [['dlq', 'purge', '--before', 'last week'], /--before takes a duration .* or an instant/],
    [['dlq', 'replay', 'ingest-0'], /"ingest-0" is no id of a dead letter/],
    [['models'], /a command is missing/],
    [['models', 'zero-shot', '--out', 'x'], /required option '--labels <file>' not specified/],
    [['models', 'zero-shot', '--labels', 'x', '--out', 'y', '--task', 'a b'], /--task takes a name of letters and digits/],
    [['explain'], /explain takes either the id of a product, or --title, --image or both/],
    [['explain', '1', '--title', 'x'], /explain takes either the id of a product/],
    [['explain', '1', '--method', 'magic'], /magic.*attention, occlusion/],
    [['labels', 'tail', '--limit', '0'], /--limit takes a whole number, 1 or more/],
  ])('%j ends with 2 and one line that says what is wrong', async (argv, sentence) => {
    const { code, stdout, stderr } = await run(argv as string[]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    const line = stderr.split('\n').filter((each) => each.startsWith('labelstream: '));
    expect(line).toHaveLength(1);
    expect(line[0]).toMatch(sentence);
  });

  test('a setting that is wrong ends with 2 too', async () => {
    const { code, stderr } = await run(['labels', 'tail'], { env: { KAFKA_BROKERS: '127.0.0.1:1', TOPIC_PREFIX: 'no spaces' } });
    expect(code).toBe(2);
    expect(stderr).toContain('TOPIC_PREFIX');
  });
});

describe('errors', () => {
  test('without Kafka one sentence says how to get it', async () => {
    const { code, stdout, stderr } = await run(['labels', 'get', '1']);
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'labelstream: No Kafka is known: start the local engine with "labelstream up", or set KAFKA_BROKERS.\n',
    });
  });

  test.each([
    [['labels', 'get', '1', '--debug'], {}],
    [['--debug', 'labels', 'get', '1'], {}],
    [['labels', 'get', '1'], { LOG_LEVEL: 'debug' }],
  ])('%j %j shows the stack too', async (argv, env) => {
    expect((await run(argv as string[], { env: env as Record<string, string> })).stderr).toMatch(/^ {4}at /m);
  });

  test('a command that was interrupted says nothing and ends with 130', async () => {
    const { code, stderr } = await run(['labels', 'get', '1'], { signal: AbortSignal.abort('SIGINT') });
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  });
});

describe('where nothing was ever started', () => {
  test('status is one JSON document, and the exit code 1', async () => {
    const { code, stdout } = await run(['status', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ engine: null, running: false, brokers: [], redis: {}, parts: [], services: [], dataDir });
  });

  test('status says what to do', async () => {
    expect((await run(['status'])).stdout).toContain('labelstream up');
  });

  test('down has nothing to do, which is no error', async () => {
    expect(await run(['down'])).toEqual({ code: 0, stdout: 'Nothing was running.\n', stderr: '' });
  });
});
