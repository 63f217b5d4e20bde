#!/usr/bin/env node
import { readCliConfig } from './config.js';
import { runCli } from './program.js';

const stopping = new AbortController();

/** The first signal asks the command to stop cleanly, the second does not wait for it. */
for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(name, () => {
    if (stopping.signal.aborted) process.exit(code);
    stopping.abort(name);
  });
}

// `labelstream labels tail | head -3`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const code = await runCli(process.argv.slice(2), {
  config: readCliConfig(),
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopping.signal,
});
// A client library may still hold a timer or a socket; what was printed must be out first.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
process.exit(code);
