import { randomUUID } from 'node:crypto';
import { guarded } from '@labelstream/shared/adapters/bullmq/jobs';
import type { TlsOptions } from '@labelstream/shared/adapters/common/tls';
import { connectionErrorLog, redisOptions } from '@labelstream/shared/adapters/redis/connection';
import { LabelstreamError } from '@labelstream/shared/errors';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type Backfill, type BackfillAction, type BackfillState, type FailedRange, isActive, nextState } from '../../job/backfill.js';
import type { FlowStatus } from '../../job/flow.js';
import { type BackfillRef, type BackfillStore, MAX_REPORTED_ERRORS, type RangeClaim } from '../../job/store.js';
import type { BackfillRange, RowError } from '../../kind.js';
import { deploymentKeys, keysOf } from './keys.js';
import { backfillOf, newFields, type ReadReply } from './record.js';
import * as scripts from './scripts.js';

/** Ranges that wait outside the queue; the plan goes on when there are fewer. */
export const MAX_PENDING_RANGES = 10_000;
const MAX_FAILED_RANGES = 100;
const MAX_ENDED = 100;
/** Takings of a range without any progress: what ends its worker each time is the range itself. */
const MAX_TAKINGS = 10;
const ASK_AGAIN_MS = 50;
const LEADER_MS = 5000;
const WORKER_MS = 6000;

/** How to reach the state Redis. */
export interface RedisBackfillStoreDeps {
  readonly url: string;
  /** Prefix of the deployment; backfills of different prefixes know nothing of each other. */
  readonly prefix: string;
  readonly tls?: TlsOptions | undefined;
  readonly log: Logger;
  /** Epoch milliseconds; default: the system's clock. */
  readonly now?: () => number;
}

/** What an action does with the ranges, as the script knows it. */
const FATE: Readonly<Record<BackfillAction, string>> = { pause: '', resume: '', cancel: 'drop', retry: 'retry' };

type Run = <T>(doing: string, use: () => Promise<T>) => Promise<T>;
type Eval = (name: string, script: string, ...args: readonly (string | number)[]) => Promise<unknown>;

interface StoreTools {
  readonly redis: Redis;
  readonly prefix: string;
  readonly now: () => number;
  readonly run: Run;
  readonly evaluate: Eval;
}

/** The store of backfills in the state Redis. Throws QUEUE_UNAVAILABLE when it does not answer, CONFIG_INVALID when it refuses the credentials. */
export async function createRedisBackfillStore({ url, prefix, tls, log, now = Date.now }: RedisBackfillStoreDeps): Promise<BackfillStore> {
  const redis = new Redis({ ...redisOptions(url, { tls }), lazyConnect: true, connectionName: 'labelstream-backfill' });
  redis.on('error', connectionErrorLog(log, url, 'backfill store connection'));
  const evaluate: Eval = (name, script, ...args) => {
    const keys = keysOf(prefix, name);
    return redis.eval(script, keys.length, ...keys, ...args);
  };
  try {
    await guarded('connecting', () => redis.connect());
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  const tools: StoreTools = { redis, prefix, now, run: guarded, evaluate };
  return { ...records(tools), ...planning(tools), ...ranges(tools), ...flow(tools), close: async () => redis.disconnect() };
}

function records({ redis, prefix, now, run, evaluate }: StoreTools) {
  const { names } = deploymentKeys(prefix);
  const read = async (name: string) => backfillOf((await evaluate(name, scripts.READ)) as ReadReply);

  async function existing(name: string): Promise<Backfill> {
    const backfill = await read(name);
    if (backfill === null) throw new LabelstreamError('USAGE', `There is no backfill "${name}"; "labelstream backfill list" shows them.`);
    return backfill;
  }

  async function readAll(): Promise<Backfill[]> {
    const all = await Promise.all((await redis.zrevrange(names, 0, -1)).map(read));
    return all.filter((backfill) => backfill !== null);
  }

  async function forgetOldest(): Promise<void> {
    const tooMany = (await readAll()).filter(({ state }) => !isActive(state)).slice(MAX_ENDED);
    for (const { name } of tooMany) {
      const own = keysOf(prefix, name).slice(0, -2);
      await redis.unlink(...own);
      await redis.zrem(names, name);
    }
  }

  async function change(name: string, action: BackfillAction, maxErrors: number | undefined): Promise<Backfill> {
    for (;;) {
      const { state, startedAtMs } = await existing(name);
      const next = nextState(state, action, startedAtMs !== undefined);
      if (next === null) throw new LabelstreamError('USAGE', `The backfill "${name}" is ${state}; there is nothing to ${action}.`);
      const answer = await evaluate(name, scripts.CHANGE, state, next, now(), maxErrors ?? '', FATE[action]);
      // Somebody else was faster: what is to be done may be another thing now.
      if (answer === 'CHANGED') return existing(name);
    }
  }

  async function failedRanges(name: string): Promise<FailedRange[]> {
    const [, , , at = '', failed = ''] = keysOf(prefix, name);
    const [ranges, fields] = await Promise.all([redis.hgetall(failed), redis.hgetall(at)]);
    return Object.entries(ranges)
      .map(([ordinal, range]) => ({
        range: JSON.parse(range) as BackfillRange,
        rowsDone: Number(fields[`${ordinal}:rows`] ?? 0),
        ...(JSON.parse(fields[`${ordinal}:reason`] ?? '{"code":"STAGE_FAILED","message":""}') as { code: string; message: string }),
      }))
      .sort((a, b) => a.range.ordinal - b.range.ordinal);
  }

  return {
    get: (name) => run('reading a backfill', () => read(name)),
    list: () => run('listing backfills', readAll),
    change: (name, action, { maxErrors } = {}) => run(`${action} of a backfill`, () => change(name, action, maxErrors)),
    failedRanges: (name) => run('reading failed ranges', () => failedRanges(name)),
    rowErrors: (name) =>
      run('reading row errors', async () => {
        const found = (await redis.hvals(keysOf(prefix, name)[5] ?? '')).map((text) => JSON.parse(text) as RowError);
        return found.sort((a, b) => (a.origin === b.origin ? a.position - b.position : a.origin < b.origin ? -1 : 1));
      }),
    create: (backfill) =>
      run('creating a backfill', async () => {
        const { name } = backfill;
        const fields = Object.entries(newFields(backfill, randomUUID(), now())).flat();
        const answer = await evaluate(name, scripts.CREATE, name, now(), ...fields);
        if (answer !== 'CREATED') throw new LabelstreamError('USAGE', nameTaken(name, String(answer)));
        await forgetOldest();
        return existing(name);
      }),
  } satisfies Partial<BackfillStore>;
}

const nameTaken = (name: string, state: string) =>
  `There is a backfill "${name}" already; it is ${state}. Give another --name, or see it with "labelstream backfill status ${name}".`;

function planning({ now, run, evaluate }: StoreTools) {
  return {
    addRanges: ({ name, id }, added) =>
      run('adding ranges', async () => {
        const texts = added.flatMap((range) => [range.ordinal, Math.round(range.estimatedRows ?? 0), JSON.stringify(range)]);
        return (await evaluate(name, scripts.ADD_RANGES, id, now(), MAX_PENDING_RANGES, ...texts)) as 'more' | 'full' | 'ended';
      }),
    finishPlan: ({ name, id }) =>
      run('ending a plan', async () => {
        await evaluate(name, scripts.FINISH_PLAN, id, now());
      }),
    fail: ({ name, id }, reason) =>
      run('ending a backfill', async () => {
        await evaluate(name, scripts.FAIL, id, now(), reason);
      }),
    openRanges: ({ name, id }, max) =>
      run('handing out ranges', async () => ((await evaluate(name, scripts.OPEN_RANGES, id, max)) as string[]).map(Number)),
  } satisfies Partial<BackfillStore>;
}

const ENDED_ITS_WORKER = JSON.stringify({ code: 'STAGE_FAILED', message: `it ended its worker ${MAX_TAKINGS} times without getting on` });

function ranges({ redis, prefix, now, run, evaluate }: StoreTools) {
  async function claim({ name, id }: BackfillRef, ordinal: number): Promise<RangeClaim | null> {
    const token = randomUUID();
    const args = [id, ordinal, token, MAX_TAKINGS, now(), ENDED_ITS_WORKER, MAX_FAILED_RANGES];
    const reply = (await evaluate(name, scripts.CLAIM, ...args)) as [string, string] | null;
    return reply === null ? null : { name, id, token, range: JSON.parse(reply[0]) as BackfillRange, rowsDone: Number(reply[1]) };
  }

  async function states(refs: readonly BackfillRef[]): Promise<(BackfillState | 'gone')[]> {
    const found = await Promise.all(refs.map(({ name }) => redis.hmget(keysOf(prefix, name)[0] ?? '', 'id', 'state')));
    return found.map(([id, state], i) => (id === refs[i]?.id ? (state as BackfillState) : 'gone'));
  }

  return {
    claim: (ref, ordinal) => run('taking a range', () => claim(ref, ordinal)),
    checkpoint: ({ name, id, token, range }, { rowsDone, sent }) =>
      run('noting progress', async () => (await evaluate(name, scripts.CHECKPOINT, id, range.ordinal, token, rowsDone, sent)) === 1),
    addRowError: ({ name, id }, error) =>
      run('noting a row error', async () => {
        const row = `${error.origin}\n${error.position}`;
        return (await evaluate(name, scripts.ADD_ROW_ERROR, id, now(), row, JSON.stringify(error), MAX_REPORTED_ERRORS)) === 1;
      }),
    endRange: ({ name, id, token, range }, end) =>
      run('giving a range back', async () => {
        const reason = end.kind === 'failed' ? JSON.stringify({ code: end.code, message: end.message }) : '';
        await evaluate(name, scripts.END_RANGE, id, range.ordinal, token, end.kind, now(), reason, MAX_FAILED_RANGES);
      }),
    states: (refs) => run('reading states', () => states(refs)),
  } satisfies Partial<BackfillStore>;
}

function flow({ redis, prefix, now, run, evaluate }: StoreTools) {
  const { lane, flow: flowKey, leader, workers } = deploymentKeys(prefix);
  return {
    admit: ({ name }, rows, rate) =>
      run('asking to send', async () => Number(await evaluate(name, scripts.ADMIT, rows, rate ?? '', ASK_AGAIN_MS))),
    admitted: () => run('reading the lane', async () => Number((await redis.hget(lane, 'admitted')) ?? 0)),
    setFlow: (status) =>
      run('setting the flow', async () => {
        await redis.multi().hset(lane, 'allowed', status.allowedRows).set(flowKey, JSON.stringify(status)).exec();
      }),
    flow: () =>
      run('reading the flow', async () => {
        const text = await redis.get(flowKey);
        return text === null ? null : (JSON.parse(text) as FlowStatus);
      }),
    beat: (workerId) =>
      run('showing up', async () => {
        await redis
          .multi()
          .zadd(workers, now(), workerId)
          .zremrangebyscore(workers, 0, now() - WORKER_MS)
          .exec();
      }),
    leave: (workerId) =>
      run('leaving', async () => {
        await redis.zrem(workers, workerId);
        if ((await redis.get(leader)) === workerId) await redis.del(leader);
      }),
    workers: () => run('looking for workers', () => redis.zrangebyscore(workers, now() - WORKER_MS, '+inf')),
    lead: (workerId) => run('leading', async () => (await redis.eval(scripts.LEAD, 1, leader, workerId, LEADER_MS)) === 1),
  } satisfies Partial<BackfillStore>;
}
