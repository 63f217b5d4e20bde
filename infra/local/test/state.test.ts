import { describe, expect, it } from 'vitest';
import { addressesOf, EMPTY_STATE, type EngineRecord, formatState, type LocalState, parseState, withoutProcess } from '../src/state.js';

const ports = { kafka: 1, kafkaController: 2, redisState: 3, redisCache: 4 };
const engine: EngineRecord = {
  kind: 'native',
  ports,
  memory: { kafkaHeapMb: 512, cacheMaxMb: 1024 },
  processes: { kafka: { pid: 10, identity: 'boot/1' }, 'redis-state': { pid: 11, identity: 'boot/2' } },
  versions: { kafka: '4.4.0' },
};

describe('the state file', () => {
  it('reads back what was written', () => {
    const state: LocalState = {
      format: 1,
      engine,
      services: [{ name: 'sink', process: { pid: 12, identity: 'boot/3' }, fingerprint: 'f' }],
    };
    expect(parseState(formatState(state), 'state.json')).toEqual(state);
    expect(parseState(formatState(EMPTY_STATE), 'state.json')).toEqual(EMPTY_STATE);
  });

  it.each(['', '{"format":1', '[]', 'null', '{"format":2,"engine":null,"services":[]}'])('refuses %j by the name of the file', (text) => {
    expect(() => parseState(text, '/x/state.json')).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('/x/state.json') }),
    );
  });

  it('forgets one process and nothing else', () => {
    expect(withoutProcess(engine, 'kafka')).toEqual({ ...engine, processes: { 'redis-state': engine.processes['redis-state'] } });
  });

  it('names addresses on the loopback interface only', () => {
    expect(addressesOf(ports)).toEqual({ brokers: ['127.0.0.1:1'], redisState: 'redis://127.0.0.1:3', redisCache: 'redis://127.0.0.1:4' });
  });
});
