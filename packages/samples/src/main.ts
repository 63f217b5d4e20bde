import { parseArgs } from 'node:util';
import { writeTrainingFolder } from './adapters/training-folder.js';
import { ATTRIBUTE_TABLE, drawAttributeListings } from './attributes/attribute-set.js';
import { drawListings } from './listing.js';

const USAGE = `usage: node packages/samples/dist/main.js --out DIR [--set catalogue] [--count 4000] [--seed 1000]

Draws a set of listings and writes DIR/products.csv and DIR/images.tar.

  --set catalogue    articles, colours and the rest, as the public fashion catalogue labels them
  --set attributes   colour, pattern and style, which titles tell often, sometimes and hardly ever (also writes DIR/tasks.json)
`;

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`--${name} needs a whole number, got ${text}`);
  return Number(text);
}

const SETS = ['catalogue', 'attributes'] as const;
type SetName = (typeof SETS)[number];

function setName(text: string): SetName {
  const found = SETS.find((name) => name === text);
  if (found === undefined) throw new RangeError(`--set is ${SETS.join(' or ')}, got ${text}`);
  return found;
}

interface Arguments {
  readonly set: SetName;
  readonly out: string;
  readonly count: number;
  readonly seed: number;
}

/** The arguments, or undefined when only the help is wanted; throws when they are wrong. */
function readArguments(): Arguments | undefined {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      set: { type: 'string', default: 'catalogue' },
      count: { type: 'string', default: '4000' },
      seed: { type: 'string', default: '1000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  if (values.out === undefined) throw new RangeError('--out is needed');
  return { set: setName(values.set), out: values.out, seed: wholeNumber('seed', values.seed), count: wholeNumber('count', values.count) };
}

/** Reads the arguments; says how they go when they are wrong, and ends the process with 2 then. */
function argumentsOrUsage(): Arguments | undefined {
  try {
    const given = readArguments();
    if (given === undefined) process.stdout.write(USAGE);
    return given;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}

const given = argumentsOrUsage();
if (given !== undefined) {
  if (given.set === 'attributes') await writeTrainingFolder(given.out, drawAttributeListings(given), ATTRIBUTE_TABLE);
  else await writeTrainingFolder(given.out, drawListings(given));
  process.stdout.write(`${given.count} listings in ${given.out}\n`);
}
