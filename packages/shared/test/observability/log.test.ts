import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/observability/log.js';

function setUp(level = 'info') {
  const lines: string[] = [];
  const log = createLog({ name: 'fusion', level, destination: { write: (line) => lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') };
}

describe('createLog', () => {
  it('writes one JSON object per line', () => {
    const { log, lines, last } = setUp();
    log.info({ listings: 3 }, 'labelled');
    expect(lines.length).toBe(1);
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(last()).toMatchObject({ level: 'info', name: 'fusion', msg: 'labelled', listings: 3 });
    expect(Date.parse(last().time)).not.toBeNaN();
  });

  it('is as loud as it was told', () => {
    const { log, lines } = setUp('warn');
    log.info('no');
    log.warn('yes');
    expect(lines.length).toBe(1);
  });

  it('hides what a secret stands under, at any depth that is used', () => {
    const { log, last } = setUp();
    log.info({ settings: { KAFKA_SASL_PASSWORD: 'hunter2', nested: { sessionToken: 'abc' } }, secret: 1, tokenIds: [1, 2] }, 'starting');
    expect(last()).toMatchObject({
      settings: { KAFKA_SASL_PASSWORD: '***', nested: { sessionToken: '***' } },
      secret: '***',
      tokenIds: [1, 2],
    });
  });

  it('hides credentials in URLs, also in messages and errors', () => {
    const { log, lines } = setUp();
    log.info('fetching https://me:hunter2@shop.example/a.jpg');
    log.error({ err: new Error('no answer from redis://:hunter2@cache:6379') }, 'down');
    log.info({ uri: 'https://b.s3.example/k?X-Amz-Credential=hunter2&X-Amz-Signature=hunter2&x=1' }, 'fetched');
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines[1]).toContain('redis://***@cache:6379');
    expect(lines[2]).toContain('&x=1');
  });

  it('writes errors with their stack and cause', () => {
    const { log, last } = setUp();
    log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'failed');
    expect(last().err).toMatchObject({ type: 'Error', message: expect.stringContaining('outer') });
    expect(last().err.stack).toContain('inner');
  });

  it('keeps the fields of children', () => {
    const { log, last } = setUp();
    log.child({ stage: 'sink' }).info('at work');
    expect(last()).toMatchObject({ stage: 'sink', msg: 'at work' });
  });
});
