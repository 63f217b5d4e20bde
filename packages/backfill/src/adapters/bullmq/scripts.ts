/**
 * What has to be done to a backfill's keys in one step, as Lua. Ranges go through the scripts as the text they were added as: decoding and
 * encoding them in Lua would turn an empty list into an empty map.
 *
 * KEYS are always those of `keysOf` in store.ts, in its order.
 */
const PRELUDE = `
local record, pending, open, at, failed, errors, bucket, lane, names = unpack(KEYS)
local function field(name) return redis.call('HGET', record, name) end
local function isThis(id) return field('id') == id end
local function release(ordinal) redis.call('HDEL', at, ordinal .. ':claim', ordinal .. ':taken') end
local function forget(ordinal)
  release(ordinal)
  redis.call('HDEL', at, ordinal .. ':rows', ordinal .. ':reason')
end
local function stop(state, now, reason)
  redis.call('HSET', record, 'state', state, 'endedAtMs', now, 'reason', reason)
  redis.call('DEL', bucket)
end
local function endIfAllDone(now)
  if field('state') ~= 'running' or field('planComplete') ~= '1' then return end
  if redis.call('LLEN', pending) > 0 or redis.call('HLEN', open) > 0 then return end
  local bad = redis.call('HLEN', failed)
  if bad == 0 then stop('done', now, '') else stop('failed', now, bad .. (bad == 1 and ' range' or ' ranges') .. ' could not be sent') end
end
local function failRange(ordinal, reason, now, limit)
  local range = redis.call('HGET', open, ordinal)
  if not range then return end
  redis.call('HDEL', open, ordinal)
  redis.call('HSET', failed, ordinal, range)
  release(ordinal)
  redis.call('HSET', at, ordinal .. ':reason', reason)
  if redis.call('HLEN', failed) >= limit and field('state') == 'running' then stop('failed', now, limit .. ' ranges could not be sent, and no more were tried') end
  endIfAllDone(now)
end
local function redisMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

const script = (body: string) => `${PRELUDE}${body}`;

/** ARGV: name, now, then fields and values. */
export const CREATE = script(`
if redis.call('EXISTS', record) == 1 then return field('state') end
redis.call('HSET', record, unpack(ARGV, 3))
redis.call('ZADD', names, ARGV[2], ARGV[1])
return 'CREATED'`);

/** Field values of the record, and the lengths of what belongs to it. */
export const READ = script(`
return { redis.call('HGETALL', record), redis.call('LLEN', pending), redis.call('HLEN', open), redis.call('HLEN', failed) }`);

/** ARGV: state as it was read, next state, now, ceiling of row errors or '', what becomes of the ranges: '', 'drop' or 'retry'. */
export const CHANGE = script(`
if field('state') ~= ARGV[1] then return 'OTHER' end
redis.call('HSET', record, 'state', ARGV[2])
if ARGV[4] ~= '' then redis.call('HSET', record, 'maxErrors', ARGV[4]) end
if ARGV[5] == 'drop' then
  redis.call('HSET', record, 'endedAtMs', ARGV[3])
  redis.call('DEL', pending, open, at, failed, bucket)
end
if ARGV[5] == 'retry' then
  redis.call('HDEL', record, 'endedAtMs', 'reason')
  local ranges = redis.call('HGETALL', failed)
  for i = 1, #ranges, 2 do
    redis.call('LPUSH', pending, ranges[i + 1])
    redis.call('HDEL', at, ranges[i] .. ':reason')
  end
  redis.call('DEL', failed)
end
endIfAllDone(ARGV[3])
return 'CHANGED'`);

/** ARGV: id, now, most pending ranges, then for each range its ordinal, its rows and its text. */
export const ADD_RANGES = script(`
local state = field('state')
if not isThis(ARGV[1]) or (state ~= 'planning' and state ~= 'running') then return 'ended' end
local planned, rows = tonumber(field('planned')), 0
for i = 4, #ARGV, 3 do
  if tonumber(ARGV[i]) == planned then
    redis.call('RPUSH', pending, ARGV[i + 2])
    planned, rows = planned + 1, rows + tonumber(ARGV[i + 1])
  end
end
redis.call('HSET', record, 'planned', planned)
redis.call('HINCRBY', record, 'rowsEstimated', rows)
if redis.call('LLEN', pending) < tonumber(ARGV[3]) then return 'more' end
if state == 'planning' then redis.call('HSET', record, 'state', 'running', 'startedAtMs', ARGV[2]) end
return 'full'`);

/** ARGV: id, now. A plan that is finished while it is paused begins to run when it is resumed. */
export const FINISH_PLAN = script(`
if not isThis(ARGV[1]) then return end
redis.call('HSET', record, 'planComplete', '1')
redis.call('HSETNX', record, 'startedAtMs', ARGV[2])
if field('state') == 'planning' then redis.call('HSET', record, 'state', 'running') end
endIfAllDone(ARGV[2])`);

/** ARGV: id, now, reason. */
export const FAIL = script(`
local state = field('state')
if isThis(ARGV[1]) and (state == 'planning' or state == 'running' or state == 'paused') then stop('failed', ARGV[2], ARGV[3]) end`);

/** ARGV: id, most open ranges. Returns the ordinals of all open ranges. */
export const OPEN_RANGES = script(`
if not isThis(ARGV[1]) or field('state') ~= 'running' then return {} end
while redis.call('HLEN', open) < tonumber(ARGV[2]) do
  local range = redis.call('LPOP', pending)
  if not range then break end
  redis.call('HSET', open, cjson.decode(range).ordinal, range)
end
return redis.call('HKEYS', open)`);

/** ARGV: id, ordinal, token, most takings without progress, now, reason for those, most failed ranges. Returns the range and the rows done. */
export const CLAIM = script(`
local ordinal = ARGV[2]
local range = redis.call('HGET', open, ordinal)
if not range or not isThis(ARGV[1]) or field('state') ~= 'running' then return nil end
if redis.call('HINCRBY', at, ordinal .. ':taken', 1) > tonumber(ARGV[4]) then
  failRange(ordinal, ARGV[6], ARGV[5], tonumber(ARGV[7]))
  return nil
end
redis.call('HSET', at, ordinal .. ':claim', ARGV[3])
return { range, redis.call('HGET', at, ordinal .. ':rows') or '0' }`);

/** ARGV: id, ordinal, token, rows done, sent. */
export const CHECKPOINT = script(`
local ordinal = ARGV[2]
if not isThis(ARGV[1]) or redis.call('HGET', at, ordinal .. ':claim') ~= ARGV[3] then return 0 end
local before = tonumber(redis.call('HGET', at, ordinal .. ':rows') or '0')
redis.call('HSET', at, ordinal .. ':rows', ARGV[4], ordinal .. ':taken', 0)
redis.call('HINCRBY', record, 'rowsRead', tonumber(ARGV[4]) - before)
redis.call('HINCRBY', record, 'rowsSent', ARGV[5])
return 1`);

/** ARGV: id, now, what tells this row, the error, how many are kept. Returns whether there may be more of them. */
export const ADD_ROW_ERROR = script(`
if not isThis(ARGV[1]) then return 0 end
if redis.call('HEXISTS', errors, ARGV[3]) == 0 then
  if redis.call('HLEN', errors) < tonumber(ARGV[5]) then redis.call('HSET', errors, ARGV[3], ARGV[4]) end
  redis.call('HINCRBY', record, 'rowErrors', 1)
end
local most = field('maxErrors')
if tonumber(field('rowErrors')) <= tonumber(most) then return 1 end
if field('state') == 'running' then stop('failed', ARGV[2], 'more than ' .. most .. ' rows cannot be sent') end
return 0`);

/** ARGV: id, ordinal, token, 'done', 'released' or 'failed', now, reason, most failed ranges. */
export const END_RANGE = script(`
local ordinal = ARGV[2]
if not isThis(ARGV[1]) or redis.call('HGET', at, ordinal .. ':claim') ~= ARGV[3] then return end
if ARGV[4] == 'released' then return release(ordinal) end
if ARGV[4] == 'failed' then return failRange(ordinal, ARGV[6], ARGV[5], tonumber(ARGV[7])) end
redis.call('HDEL', open, ordinal)
forget(ordinal)
redis.call('HINCRBY', record, 'rangesDone', 1)
endIfAllDone(ARGV[5])`);

/**
 * ARGV: rows, ceiling of the backfill in rows per second or '', how long to wait for the next decision. Returns 0, or the milliseconds to
 * wait. An allowance may be overdrawn by one call: a call asks for a handful of rows, and must not wait for ever for a small allowance.
 */
export const ADMIT = script(`
local now, rows = redisMs(), tonumber(ARGV[1])
if tonumber(redis.call('HGET', lane, 'allowed') or '0') <= 0 then return tonumber(ARGV[3]) end
local rate = tonumber(ARGV[2])
if rate then
  local tokens = tonumber(redis.call('HGET', bucket, 'tokens') or rate)
  local since = tonumber(redis.call('HGET', bucket, 'atMs') or now)
  tokens = math.min(rate, tokens + (now - since) * rate / 1000)
  if tokens <= 0 then return math.ceil(1 - tokens * 1000 / rate) end
  redis.call('HSET', bucket, 'tokens', tostring(tokens - rows), 'atMs', now)
end
redis.call('HINCRBY', lane, 'allowed', -rows)
redis.call('HINCRBY', lane, 'admitted', rows)
return 0`);

/** KEYS: the leader's. ARGV: the worker, for how long. */
export const LEAD = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0`;
