import { expect, test } from 'vitest';
import { createOutput, createPaint, renderTable } from '../src/output.js';
import { fakeStream } from './fake-terminal.js';

function setUp({ isTTY = false, columns = 80, colours = true } = {}) {
  const stdout = fakeStream({ isTTY });
  const stderr = fakeStream({ isTTY, columns });
  const clock = { ms: 0 };
  return { stdout, stderr, clock, output: createOutput({ stdout, stderr, colours, now: () => clock.ms }) };
}

test('results go to stdout and everything else to stderr', async () => {
  const { output, stdout, stderr } = setUp();
  await output.print('a result');
  await output.printJson({ a: [1, 'x'] });
  output.note('a note');
  output.warn('a warning');
  expect(stdout.text()).toBe('a result\n{"a":[1,"x"]}\n');
  expect(stderr.text()).toBe('a note\na warning\n');
});

test('bytes are written as they are', async () => {
  const { output, stdout } = setUp();
  await output.printBytes(Uint8Array.of(0, 0x0a, 0xff, 0x80));
  expect([...stdout.bytes()]).toEqual([0, 0x0a, 0xff, 0x80]);
});

test('colours are for terminals that want them', () => {
  expect(createPaint(true).red('x')).toBe('\u001b[31mx\u001b[39m');
  expect(setUp({ isTTY: true }).output.paint.green('x')).not.toBe('x');
  expect(setUp({ isTTY: true, colours: false }).output.paint.green('x')).toBe('x');
  expect(setUp({ isTTY: false }).output.paint.green('x')).toBe('x');
});

test('a table aligns its columns, coloured cells and wide letters included', () => {
  const { green } = createPaint(true);
  const table = renderTable(
    [{ title: 'name' }, { title: 'lag', align: 'right' }],
    [
      [green('größe'), '7'],
      ['x', '1234'],
    ],
  );
  expect(table.split('\n')).toEqual(['name    lag', '─────  ────', `${green('größe')}     7`, 'x      1234']);
});

test('without a terminal progress is a line every few seconds, and the last one at the end', () => {
  const { output, stderr, clock } = setUp();
  const progress = output.progress('labelling');
  for (const [ms, done] of [
    [100, 1],
    [5_000, 50],
    [5_100, 51],
    [10_200, 90],
    [10_300, 100],
  ] as const) {
    clock.ms = ms;
    progress.update(done, 100, `${done}/s`);
  }
  progress.end();
  progress.update(101, 100);
  progress.end();
  expect(stderr.text()).toBe('labelling 50/100  50/s\nlabelling 90/100  90/s\nlabelling 100/100  100/s\n');
});

test('on a terminal progress is a bar that notes do not break', () => {
  const { output, stderr } = setUp({ isTTY: true, columns: 60 });
  const progress = output.progress('work');
  progress.update(1, 2);
  output.note('by the way');
  progress.end();
  const bar = `work [${'█'.repeat(12)}${'·'.repeat(12)}] 1/2`;
  expect(stderr.text()).toBe(`\r\u001b[2K${bar}\r\u001b[2Kby the way\n${bar}\r\u001b[2K${bar}\n`);
});

test('a bar never wraps', () => {
  const { output, stderr } = setUp({ isTTY: true, columns: 30 });
  output.progress('a title that is much too long for this terminal').update(1, 2);
  expect(stderr.text().replace('\r\u001b[2K', '')).toHaveLength(29);
});
