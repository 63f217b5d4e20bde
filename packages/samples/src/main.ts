import { parseArgs } from 'node:util';
import { writeTrainingFolder } from './adapters/training-folder.js';
import { drawListings } from './listing.js';

const USAGE = `usage: node packages/samples/dist/main.js --out DIR [--count 4000] [--seed 1000]

Draws a sample catalogue and writes DIR/products.csv and DIR/images.tar.
`;

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`--${name} needs a whole number, got ${text}`);
  return Number(text);
}

interface Arguments {
  readonly out: string;
  readonly count: number;
  readonly seed: number;
}

/** The arguments, or undefined when only the help is wanted; throws when they are wrong. */
function readArguments(): Arguments | undefined {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      count: { type: 'string', default: '4000' },
      seed: { type: 'string', default: '1000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  if (values.out === undefined) throw new RangeError('--out is needed');
  return { out: values.out, seed: wholeNumber('seed', values.seed), count: wholeNumber('count', values.count) };
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
  await writeTrainingFolder(given.out, drawListings(given));
  process.stdout.write(`${given.count} listings in ${given.out}\n`);
}
