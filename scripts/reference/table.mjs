/** Text as it may stand in a cell of a Markdown table. */
export const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ').trim();

/** A Markdown table. */
export function table(columns, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text in code style. */
export const code = (text) => `\`${text}\``;
