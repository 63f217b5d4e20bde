import { LabelstreamError } from '@labelstream/shared/errors';

const TASK = /^[A-Za-z][A-Za-z0-9]{0,62}$/;

/** The name of a task; it becomes part of a graph's output and of a topic. Throws USAGE. */
export function parseTask(text: string): string {
  if (TASK.test(text)) return text;
  throw new LabelstreamError('USAGE', `--task takes a name of letters and digits that begins with a letter; "${text}" is none.`);
}

/** Throws USAGE. */
export function parseScale(text: string): number {
  return numberWithin('--scale', text, 1000);
}

/** Throws USAGE. */
export function parseThreshold(text: string): number {
  return numberWithin('--threshold', text, 1);
}

function numberWithin(option: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= max) return value;
  throw new LabelstreamError('USAGE', `${option} takes a number above 0, ${max} at most; "${text}" is none.`);
}
