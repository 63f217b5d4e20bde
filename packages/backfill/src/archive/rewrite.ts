import { randomBytes } from 'node:crypto';
import type { ObjectName } from '@labelstream/shared/archive/names';
import { readObject } from '@labelstream/shared/archive/object-reader';
import { createObjectWriter, type FinishedObject, factsOf, type ObjectWriter } from '@labelstream/shared/archive/object-writer';
import type { EncodedListing } from '@labelstream/shared/events/records';
import type { Codec } from '@labelstream/shared/ports/codec';
import type { Marks } from './liveness.js';
import type { ArchiveDeps, ArchiveView, ViewedObject } from './view.js';

export interface RewriteDeps extends ArchiveDeps {
  /** Without a schema registry, as it was archived. */
  readonly listingCodec: Codec<EncodedListing>;
}

/** The records that are kept. */
export interface Kept {
  readonly listings: Marks;
  readonly sequences: Marks;
}

/**
 * Puts what is kept of some objects of one date into one new object that takes their place, sequences and listings in the order in which they
 * lie. Reads one object at a time. Throws ARCHIVE_DAMAGED, having changed nothing.
 */
export async function rewrite(view: ArchiveView, chosen: readonly number[], kept: Kept, deps: RewriteDeps): Promise<FinishedObject> {
  const objects = chosen.map((at) => ({ at, object: view.objects[at] as ViewedObject }));
  const first = objects[0]?.object as ViewedObject;
  const writer = createObjectWriter({
    name: successorName(objects.at(-1)?.object.name ?? first.name),
    codec: deps.codec,
    firstAtMs: Math.min(...objects.map(({ object }) => object.index.firstAtMs)),
    replaces: objects.map(({ object }) => object.name.id),
  });
  for (const { at, object } of objects) await copy(view, object, at, { kept, writer, deps });
  return writer.finish();
}

/** In the order of the objects it stands where the last of those stood that it replaces, so that "archived last" stays the same. */
function successorName(last: ObjectName): ObjectName {
  const [time = ''] = last.id.split('-');
  return { ...last, id: `${time}-${randomBytes(6).toString('hex')}` };
}

interface CopyDeps {
  readonly kept: Kept;
  readonly writer: ObjectWriter;
  readonly deps: RewriteDeps;
}

async function copy(view: ArchiveView, object: ViewedObject, at: number, { kept, writer, deps }: CopyDeps): Promise<void> {
  const index = await view.load(object);
  const file = (await deps.store.get(object.key)) ?? new Uint8Array();
  let listing = 0;
  let sequence = 0;
  for (const records of readObject(file, index, deps.codec)) {
    for (const record of records) {
      if (record.kind === 'sequence') {
        if (kept.sequences.has(at, sequence++)) writer.sequence(record);
      } else if (kept.listings.has(at, listing++)) {
        writer.listing(record, factsOf(await deps.listingCodec.decode(record.value)));
      }
    }
  }
}
