import { LabelstreamError } from '@labelstream/shared/errors';

const PLACE = '{label}';

/** Sentences of the kind that CLIP is asked with; a bare name is not what a text tower was trained on. */
export const DEFAULT_TEMPLATES: readonly string[] = [
  'a photo of {label}',
  'a picture of {label}',
  'an image of {label}',
  'a product photo of {label}',
];

/** Reads a file of templates, one a line, each with `{label}` in it. Throws SOURCE_INVALID naming the line. */
export function parseTemplates(text: string, where: string): readonly string[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new LabelstreamError('SOURCE_INVALID', `${where} has no template.`);
  lines.forEach((line, at) => {
    if (line.includes(PLACE) && lines.indexOf(line) === at) return;
    const why = line.includes(PLACE) ? `repeats line ${lines.indexOf(line) + 1}` : `lacks ${PLACE}`;
    throw new LabelstreamError('SOURCE_INVALID', `${where} line ${at + 1} ${why}.`);
  });
  return lines;
}

/** A template with the name in its place. */
export const fill = (template: string, name: string): string => template.replaceAll(PLACE, () => name);
