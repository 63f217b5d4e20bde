import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { ChaosOptions } from '../src/run.js';

const bundle = (name: string) => fileURLToPath(new URL(`../../shared/test/fixtures/bundles/${name}`, import.meta.url));

/** A run on small bundles; where a test fails, its lines tell what happened. */
export function chaosOptions(over: Partial<ChaosOptions> & Pick<ChaosOptions, 'kinds' | 'seed' | 'minutes'>): ChaosOptions {
  return {
    repositoryRoot: fileURLToPath(new URL('../../..', import.meta.url)),
    messagesPerSecond: 20,
    encoderBundle: bundle('encoder'),
    fusionBundle: bundle('fusion'),
    keepFolder: join(tmpdir(), `labelstream-chaos-${over.seed}`),
    log: (line) => void process.stderr.write(`${line}\n`),
    onProgress: () => {},
    logger: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    ...over,
  };
}
