import { resolve } from 'node:path';
import { type BackfillFrom, isBackfillName, PRIORITY } from '@labelstream/backfill/job/backfill';
import type { RelabelSpec } from '@labelstream/backfill/relabel/spec';
import { LISTING_FORMATS, type ListingFormat, type ListingsSpec } from '@labelstream/backfill/source/spec';
import { LabelstreamError } from '@labelstream/shared/errors';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../command.js';
import { parseWhere } from '../source/options.js';

/** What `backfill start` was told. */
export interface StartFlags {
  readonly from: BackfillFrom;
  readonly source?: readonly string[];
  readonly format?: ListingFormat;
  readonly images?: string;
  readonly map?: readonly string[];
  readonly where?: string;
  readonly limit?: number;
  readonly topic?: string;
  readonly since?: string;
  readonly fusion?: string;
  readonly name?: string;
  readonly priority: number;
  readonly rate?: number;
  readonly maxErrors: number;
  readonly wait?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const FIELDS = ['productId', 'title', 'description', 'image', 'version'] as const;
type Field = (typeof FIELDS)[number];

/** Adds the options that say what is to be sent. */
export function addStartOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--from <what>', 'listings of files, messages of a topic, or archived tokens')
        .choices(['listings', 'topic', 'tokens'])
        .default('listings'),
    )
    .option('--source <uri...>', 'files, folders, patterns, manifests or tars, here or on S3; with --from tokens the archive')
    .addOption(new Option('--format <format>', 'of all files, whatever their names say').choices([...LISTING_FORMATS]))
    .option('--images <path>', 'folder or tar of pictures, or a URI prefix that they have')
    .option('--map <field=column...>', `where a field is in another column: ${FIELDS.join(', ')}`)
    .option('--where <column=value>', 'only rows with this value')
    .option('--limit <n>', 'only the first n rows', wholeNumber('--limit', 1))
    .option('--topic <name>', 'with --from topic: default product.events')
    .option('--since <time>', 'with --from topic: only what was written at this time or later, for example 2026-01-31T12:00Z')
    .option('--fusion <bundle>', 'with --from tokens: label with this fusion bundle')
    .option('--name <name>', 'how it is called afterwards (default: made from the source and the time)')
    .option(
      '--priority <n>',
      '1 is the most urgent; those of one priority take turns',
      wholeNumber('--priority', PRIORITY.mostUrgent, PRIORITY.leastUrgent),
      PRIORITY.byDefault,
    )
    .option('--rate <rows>', 'ceiling of rows per second (default: as fast as the live lane allows)', wholeNumber('--rate', 1))
    .option('--max-errors <n>', 'rows that may turn out not to be sendable', wholeNumber('--max-errors', 0), 100);
}

const isUri = (text: string) => /^[a-z][a-z0-9+.-]+:/i.test(text);
/** A path or URI as every process can find it. */
export const absolute = (path: string) => (isUri(path) ? path : resolve(path));

/** The specification of a backfill from listings. Throws USAGE. */
export function listingsSpec(flags: StartFlags, nowMs: number): ListingsSpec {
  const { source = [], format, images, map = [], where, limit } = flags;
  if (source.length === 0) throw new LabelstreamError('USAGE', 'A backfill from listings needs them: add --source FILE.');
  const columns = parseColumns(map);
  return {
    sources: source.map(absolute),
    fallbackVersion: nowMs,
    occurredAt: nowMs,
    ...(format === undefined ? {} : { format }),
    ...(images === undefined ? {} : { images: absolute(images) }),
    ...(map.length === 0 ? {} : { columns }),
    ...(where === undefined ? {} : { where: parseWhere(where) }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function parseColumns(map: readonly string[]): Partial<Record<Field, string>> {
  return Object.fromEntries(
    map.map((text) => {
      const at = text.indexOf('=');
      const field = text.slice(0, Math.max(0, at));
      if (at <= 0 || at === text.length - 1) throw new LabelstreamError('USAGE', `--map takes field=column, not "${text}".`);
      const known = field === 'id' ? 'productId' : FIELDS.find((each) => each === field);
      if (known === undefined) throw new LabelstreamError('USAGE', `--map knows the fields ${FIELDS.join(', ')}; "${field}" is none.`);
      return [known, text.slice(at + 1)];
    }),
  );
}

/** The specification of a re-label from archived tokens; without a source from the archive that the encoder writes to. Throws USAGE. */
export function relabelSpec({ source = [], fusion }: StartFlags, archive: string | undefined, nowMs: number): RelabelSpec {
  const [given, ...others] = source;
  // TOKEN_ARCHIVE is what the encoder has: what is relative there is refused, and not taken from where this command runs.
  const place = given === undefined ? archive : absolute(given);
  if (place === undefined || place === '' || others.length > 0)
    throw new LabelstreamError(
      'USAGE',
      '--from tokens needs one archive: add --source s3://bucket/prefix or a folder, or set TOKEN_ARCHIVE.',
    );
  return { archive: place, untilMs: nowMs, ...(fusion === undefined ? {} : { fusion: absolute(fusion) }) };
}

/** Epoch milliseconds of a time as ISO 8601 has it. Throws USAGE. */
export function parseSince(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new LabelstreamError('USAGE', `--since takes a time such as 2026-01-31T12:00Z, not "${text}".`);
  return ms;
}

/** The name of a backfill: as it was given, else from its source and the time. Throws USAGE. */
export function nameOf({ name, from, source = [] }: StartFlags, now: Date): string {
  if (name !== undefined && !isBackfillName(name))
    throw new LabelstreamError('USAGE', `--name takes up to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit; not "${name}".`);
  if (name !== undefined) return name;
  const file = (source[0] ?? from).replace(/\/+$/, '').split('/').at(-1) ?? from;
  const stem = file.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  const time = now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  return `${(stem === '' ? from : stem).slice(0, 40)}-${time}`;
}

/** Flags that say nothing about this kind of backfill would be passed over in silence otherwise. Throws USAGE. */
export function assertFlagsFit(flags: StartFlags): void {
  const fit: Readonly<Record<BackfillFrom, readonly (keyof StartFlags)[]>> = {
    listings: ['source', 'format', 'images', 'map', 'where', 'limit'],
    topic: ['topic', 'since'],
    tokens: ['source', 'fusion'],
  };
  const special = Object.values(fit).flat();
  const odd = special.find((flag) => flags[flag] !== undefined && !fit[flags.from].includes(flag));
  if (odd !== undefined) throw new LabelstreamError('USAGE', `--${odd} cannot be given with --from ${flags.from}.`);
}
