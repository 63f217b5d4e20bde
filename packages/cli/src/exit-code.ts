import { isLabelstreamError } from '@labelstream/shared/errors';

/** What the process ends with; `rowErrors` and `cancelled` are a backfill's. */
export const EXIT = { ok: 0, failed: 1, usage: 2, rowErrors: 3, cancelled: 4, interrupted: 130, terminated: 143 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of an error: 2 where the user can correct the command line, a setting or the source, else 1. */
export function exitCodeOf(error: unknown): ExitCode {
  return isLabelstreamError(error, 'USAGE', 'CONFIG_INVALID', 'SOURCE_INVALID') ? EXIT.usage : EXIT.failed;
}

/** One sentence for a human: what is wrong and, as far as the error knows, what to do. */
export function sentenceOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (isLabelstreamError(error)) return withFullStop(message);
  return `${withFullStop(`an unexpected error: ${message}`)} Run the command again with --debug to see where it comes from.`;
}

/** A message that ends with lines of a log stays as it is. */
const withFullStop = (text: string) => (/[.!?]$|\n/.test(text.trim()) ? text.trim() : `${text.trim()}.`);
