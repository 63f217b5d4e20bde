import { readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { Logger } from 'pino';
import { describeError } from '../../errors.js';

/**
 * Lets the other processes of this machine go first: `nice` as nice(1) has it, 0 (as before) to 19. To be called before there are threads, which
 * take it over from the one that makes them. Where Linux shares processors by session (sched_autogroup), a process that leads one has its session
 * go last as well: within a session alone nobody would notice. What the system refuses is logged.
 */
export function lowerPriority(nice: number, log: Logger): void {
  if (nice === 0) return;
  attempt(() => setPriority(nice), log);
  if (process.platform !== 'linux') return;
  attempt(() => {
    if (leadsSession()) writeFileSync('/proc/self/autogroup', String(nice));
  }, log);
}

function attempt(act: () => void, log: Logger): void {
  try {
    act();
  } catch (error) {
    log.warn({ reason: describeError(error) }, 'this process keeps its priority, or part of it');
  }
}

/** proc(5): behind the name in parentheses, which may hold anything, follow state, parent, group and session. */
function leadsSession(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(session) === process.pid;
}
