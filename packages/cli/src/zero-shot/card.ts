import { BEAM } from './manifest.js';

export interface CardParts {
  readonly name: string;
  readonly task: string;
  readonly labels: number;
  /** What the labels were read from. */
  readonly source: string;
  readonly isTaxonomy: boolean;
  readonly templates: readonly string[];
  readonly scale: number;
  readonly threshold: number;
  readonly encoderId: string;
  readonly command: string;
}

/** MODEL_CARD.md of a zero-shot bundle. */
export function zeroShotCard(parts: CardParts): string {
  const { name, task, labels, source, templates, scale, threshold, encoderId, command } = parts;
  return `# ${name}

CLIP zero-shot (Radford et al. 2021): task \`${task}\` with ${labels} labels from ${source}, for the encoder \`${encoderId}\`. Nothing was
trained and nothing was measured.

Each label is the mean of its embeddings in these sentences:

${templates.map((template) => `- \`${template}\``).join('\n')}

A listing is the unit-length sum of its image's and its text's CLIP embedding, or the one that is there. Logits are the cosines with the
labels times ${scale}. A label is given from a confidence of ${threshold} on.
${parts.isTaxonomy ? WALK : ''}
## Limits
- How good it is depends on the encoder alone: names that its texts never had mean nothing to it. Measure before use:
  \`labelstream evaluate --fusion DIR --source FILE --images DIR\`, with a column \`${task}\` in the source.
- Confidences are those of the contrastive loss; they were not calibrated on any listing.

## Made by

\`\`\`sh
${command}
\`\`\`
`;
}

const WALK = `
The categories are walked from the root with a beam of ${BEAM}. A category counts as much as the mean of exp(logit) over itself and all below it;
the label is the deepest category of the best path that reaches the threshold.
`;
