import { join, relative } from 'node:path';
import { openLocalImages } from '@labelstream/backfill/adapters/source/open-images';
import { readSource } from '@labelstream/backfill/adapters/source/open-listings';
import { uriWithoutFolder } from '@labelstream/backfill/source/images';
import type { SourceRow } from '@labelstream/backfill/source/row';
import { readLocalConfig } from '@labelstream/local/config';
import { LabelstreamError } from '@labelstream/shared/errors';
import { LANES, type Lane } from '@labelstream/shared/events/lane';
import { Command, Option } from 'commander';
import { type CommandDeps, type CommandFactory, examples } from '../command.js';
import { connectFrom } from '../connect.js';
import { dataFolder } from '../source/data-folder.js';
import { parseDrop } from '../source/drop.js';
import { addSourceOptions, parseWhere, type SourceFlags } from '../source/options.js';
import { sendAll } from '../source/send.js';

interface ProduceFlags extends Partial<SourceFlags> {
  readonly lane: Lane;
  readonly drop?: string;
  readonly json?: boolean;
}

/** `labelstream produce`: a file of listings → `product.events`. */
export const produceCommand: CommandFactory = (deps) =>
  addSourceOptions(new Command('produce').description('Send a file of listings to product.events.'))
    .addOption(new Option('--lane <lane>', 'live, or backfill for whole catalogues').choices([...LANES]).default('live'))
    .option('--drop <what>', 'take a modality away: image, text, or mixed:SHARE')
    .option('--json', 'end with one JSON document')
    .addHelpText(
      'after',
      `\nPictures are read by the ingest service. A tar is unpacked where a local deployment looks; a folder must be named to it: up --images DIR.\n${examples(
        ['produce --source products.csv --images pictures/', 'send new listings'],
        ['produce --source catalogue.parquet --lane backfill', 'send a whole catalogue, after the live stream'],
      )}`,
    )
    .action((flags: ProduceFlags) => produce(flags, deps));

async function produce(flags: ProduceFlags, deps: CommandDeps): Promise<void> {
  const { config, output, signal } = deps;
  const { source, images } = flags;
  if (source === undefined) throw new LabelstreamError('USAGE', 'produce needs listings: add --source FILE.');
  const drop = parseDrop(flags.drop);
  const folder = images === undefined ? undefined : await openLocalImages(images, join(dataFolder(config), 'images'));
  if (folder?.root !== undefined && !isInside(folder.root, dataFolder(config))) {
    output.note(`ingest must be allowed to read ${folder.root}: locally "labelstream up --images ${images}", else IMAGE_FILE_ROOT.`);
  }
  const connection = await connectFrom(config, config.dataDir ?? readLocalConfig().dataDir);
  const progress = output.progress('sending');
  try {
    const sent = await sendAll({
      rows: chosenRows(source, flags),
      connection,
      lane: flags.lane,
      uriOf: folder === undefined ? uriWithoutFolder : folder.uriOf,
      drop,
      signal,
      onProgress: (count) => progress.update(count, flags.limit ?? 0),
    });
    progress.end();
    const topic = connection.topics.of('events', flags.lane);
    await (flags.json === true ? output.printJson({ sent, topic }) : output.print(`${sent} listings sent to ${topic}`));
  } finally {
    progress.end();
    await connection.close();
  }
}

const isInside = (path: string, folder: string) => !relative(folder, path).startsWith('..');

async function* chosenRows(source: string, { limit = Number.POSITIVE_INFINITY, where }: ProduceFlags): AsyncGenerator<SourceRow> {
  const filter = where === undefined ? undefined : parseWhere(where);
  let count = 0;
  for await (const row of readSource(source, Date.now())) {
    if (filter !== undefined && row.columns[filter.column] !== filter.value) continue;
    if (count++ >= limit) return;
    yield row;
  }
}
