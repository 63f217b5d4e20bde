import { describe, expect, test } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import { runCli } from '../../src/program.js';
import { fakeStream } from '../fake-terminal.js';

async function run(...argv: string[]) {
  const stdout = fakeStream();
  const stderr = fakeStream();
  const code = await runCli(['capacity', ...argv], { config: readCliConfig({}), stdout, stderr, signal: new AbortController().signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

describe('capacity plan', () => {
  test('takes large numbers as they are written, and prices of one’s own', async () => {
    const made = JSON.parse((await run('plan', '--listings', '1e8', '--live-rate', '500', '--core-hour', '0.2', '--json')).stdout);
    expect(made.inputs).toMatchObject({ listings: 1e8, livePerSecond: 500, prices: { coreHour: 0.2 } });
    expect(made.partitions).toBeGreaterThan(6);
  });

  test('is a table without --json', async () => {
    const { code, stdout } = await run('plan', '--listings', '1000000');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^listings +1,000,000$/m);
    expect(stdout).toMatch(/^Redis state +968 MB$/m);
  });

  test.each([[['plan']], [['plan', '--listings', '-1']], [['plan', '--listings', '1e8', '--utilisation', '1.5']]])(
    '%j is refused with a sentence',
    async (argv) => {
      const { code, stdout, stderr } = await run(...argv);
      expect(code).not.toBe(0);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^labelstream: .*--(listings|utilisation)/);
    },
  );
});

describe('capacity simulate', () => {
  const few = ['simulate', '--minutes', '0.5', '--live-rate', '20'];

  test('gives the same for the same seed, and what it was asked for', async () => {
    const once = await run(...few, '--instances', 'encoder=3', '--backfill', '30', '--json');
    expect((await run(...few, '--instances', 'encoder=3', '--backfill', '30', '--json')).stdout).toBe(once.stdout);
    const result = JSON.parse(once.stdout);
    expect(result.stages.map(({ instances }: { instances: number }) => instances)).toEqual([1, 3, 1, 1]);
    expect(result.backfill.perSecond / 30).toBeCloseTo(1, 0);
  });

  test('shows both lanes and every stage', async () => {
    const { stdout } = await run(...few, '--backfill', 'off');
    for (const name of ['live', 'backfill', 'ingest', 'encoder', 'fusion', 'sink']) expect(stdout).toMatch(new RegExp(`^${name} `, 'm'));
  });

  test('refuses what it does not know', async () => {
    expect(await run('simulate', '--instances', 'gpu=2')).toMatchObject({ stderr: expect.stringContaining('gpu=2') });
    expect(await run('simulate', '--backfill', 'all')).toMatchObject({ stderr: expect.stringContaining('saturating') });
  });
});

test('capacity measure needs listings', async () => {
  expect(await run('measure')).toMatchObject({ code: expect.any(Number), stderr: expect.stringContaining('--source') });
});
