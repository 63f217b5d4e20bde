import { code, table } from './table.mjs';

/** Every error code, from the closed list in code. */
export async function errorsReference({ load }) {
  const { ERROR_CODES } = await load('packages/shared', 'errors');
  const { DEAD_LETTER_HEADERS } = await load('packages/shared', 'stream/dead-letter');
  const rows = Object.entries(ERROR_CODES).map(([name, { retriable, what }]) => [code(name), retriable ? 'yes' : 'no', what]);
  return `# Error codes

The closed list of what Labelstream reports: in dead letters (header ${code(DEAD_LETTER_HEADERS.code)}), in the \`reason\` of a record's
image or text, in logs and metrics, and on the command line. *Retriable*: the same call can succeed later without anybody changing its input.

${table(['code', 'retriable', 'meaning'], rows)}
`;
}
