const LINES = 6;
const MAX_LINE_LENGTH = 400;

/**
 * The end of a service's log for a human. Logs hold one JSON object per line; where errors stand at the end of the log they are what
 * matters, else the last lines do, with plain text (a stack of Node's own) left as it is.
 */
export function lastWords(logText: string): string {
  const lines = logText.split('\n').filter((line) => line.trim() !== '');
  const recent = lines.slice(-5 * LINES);
  const errors = recent.filter((line) => /^\{.*"level":"(error|fatal)"/.test(line));
  const shown = errors.length > 0 ? errors.slice(-LINES) : lines.slice(-LINES);
  return shown.map((line) => `  ${readable(line).slice(0, MAX_LINE_LENGTH)}`).join('\n');
}

function readable(line: string): string {
  try {
    const { level, msg, reason, err } = JSON.parse(line) as { level?: string; msg?: string; reason?: string; err?: { message?: string } };
    return [level, msg, reason ?? err?.message].filter((part) => part !== undefined && part !== '').join(': ');
  } catch {
    return line;
  }
}
