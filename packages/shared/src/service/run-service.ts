import type { Logger } from 'pino';
import { type CommonSettings, commonSettings, type Env, printRedacted, processEnv, readConfig } from '../config.js';
import { isLabelstreamError } from '../errors.js';
import { createLog } from '../observability/log.js';
import { guardProcess, STALLED_EXIT_CODE } from './guard-process.js';
import type { Service } from './service.js';
import { type RunningProcess, type StartServiceDeps, startServices } from './start-service.js';

/** What a service process tells its parent by its exit code. */
export const EXIT_CODES = { clean: 0, failed: 1, config: 2, stalled: STALLED_EXIT_CODE } as const;

/** Beyond the drain's own deadline, closing connections gets this long. */
const CLOSE_GRACE_MS = 10_000;

/** The whole life of a service process, for `services/<name>/src/main.ts`: {@link runProcess} with one service. */
export const runService = (service: Service, env: Env = processEnv()): Promise<void> =>
  runProcess(service.name, env, (deps) => startServices([service], deps));

/**
 * The whole life of a process: reads the settings, starts, works until SIGTERM or SIGINT, drains, and exits. A second signal ends it at once.
 *
 * @param start returns what is at work, or throws what cannot be waited for, with everything closed again
 */
export async function runProcess(name: string, env: Env, start: (deps: StartServiceDeps) => Promise<RunningProcess>): Promise<void> {
  const settings = readSettings(name, env);
  const log = createLog({ name, level: settings.LOG_LEVEL });
  const endBy = () => exitLater(log, settings.SHUTDOWN_DEADLINE_MS + CLOSE_GRACE_MS);
  const stop = stopOnSignals(log, endBy);
  exitOnUncaught(log);
  log.info({ settings: printRedacted(settings) }, 'starting');
  const guard = guardProcess(name, settings, log);
  try {
    const running = await start({ name, settings, env, log, signal: stop });
    guard.watch(running.healthy);
    // The first of the two ends the work; a failure is thrown only after everything is closed.
    const failure = await Promise.race([aborted(stop), running.failed]).catch((error: unknown) => ({ error }));
    endBy();
    await running.stop();
    if (failure !== undefined) throw failure.error;
  } catch (error) {
    if (!stop.aborted) exitWith(log, error);
  }
  log.info('stopped');
  process.exit(EXIT_CODES.clean);
}

function readSettings(name: string, env: Env): CommonSettings {
  try {
    return readConfig(commonSettings, env);
  } catch (error) {
    return exitWith(createLog({ name, level: 'info' }), error);
  }
}

function exitWith(log: Logger, error: unknown): never {
  log.fatal({ err: error }, 'this process cannot go on');
  process.exit(isLabelstreamError(error, 'CONFIG_INVALID', 'BUNDLE_INVALID', 'BUNDLE_MISMATCH') ? EXIT_CODES.config : EXIT_CODES.failed);
}

/** Aborted by the first SIGTERM or SIGINT; the second one ends the process as it is. */
function stopOnSignals(log: Logger, onStop: () => void): AbortSignal {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(EXIT_CODES.failed);
    log.info({ signal: name }, 'stopping');
    stop.abort();
    onStop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return stop.signal;
}

/** A process that cannot close in time ends all the same. */
function exitLater(log: Logger, deadlineMs: number): void {
  setTimeout(() => {
    log.fatal({ deadlineMs }, 'not stopped in time');
    process.exit(EXIT_CODES.failed);
  }, deadlineMs).unref();
}

function exitOnUncaught(log: Logger): void {
  process.on('uncaughtException', (error) => exitWith(log, error));
  process.on('unhandledRejection', (error) => exitWith(log, error));
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
