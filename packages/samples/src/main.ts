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

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      count: { type: 'string', default: '4000' },
      seed: { type: 'string', default: '1000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || values.out === undefined) {
    process.stdout.write(USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const listings = drawListings({ seed: wholeNumber('seed', values.seed), count: wholeNumber('count', values.count) });
  await writeTrainingFolder(values.out, listings);
  process.stdout.write(`${listings.length} listings in ${values.out}\n`);
}

await main();
