import { createLog } from '@labelstream/shared/observability/log';
import type { Logger } from 'pino';
import type { Env } from './config.js';

/** What client libraries say within a command: nothing unless LOG_LEVEL asks for it, as errors reach the user as one sentence. */
export function commandLog({ LOG_LEVEL }: Env): Logger {
  return createLog({ name: 'labelstream', level: LOG_LEVEL || 'silent', destination: process.stderr });
}
