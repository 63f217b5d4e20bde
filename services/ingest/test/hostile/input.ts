import type { InMessage } from '@labelstream/shared/ports/broker';
import { event, message } from '../harness.js';

/** Where the hostile inputs of one run point to; all of it is on this machine. */
export interface Place {
  /** Folder that ingest may read. */
  readonly root: string;
  /** Port of the web server that is trusted. */
  readonly web: number;
  /** Port of a server on loopback that must never be connected to, although its number is allowed. */
  readonly inner: number;
}

/** One input of the table and what has to become of it: `emit <image state> <text state> <note>`, or `<outcome> <code>`. */
export interface HostileInput {
  readonly name: string;
  readonly outcome: string;
  message(place: Place): InMessage | Promise<InMessage>;
}

/** A row of a table of one kind: what it is, the input, the outcome. */
export type Row<T> = readonly [name: string, input: T, outcome: string];

/** The image fails for good, and the listing goes on with its text. */
export const failed = (code: string) => `emit FAILED USED ${code}`;
/** The image is asked for again later. */
export const pending = (code: string) => `emit PENDING USED ${code}`;
export const FORBIDDEN = failed('IMAGE_URI_FORBIDDEN');
export const INVALID = failed('IMAGE_URI_INVALID');

/** A listing with this image URI; ROOT, WEB and INNER stand for the place. */
export function withUri(uri: string, place: Place): InMessage {
  const filled = uri.replaceAll('ROOT', place.root).replaceAll('WEB', `127.0.0.1:${place.web}`).replaceAll('INNER', String(place.inner));
  return message(event({ images: [{ uri: filled }] }));
}

/** Rows of image URIs. */
export const uriInputs = (kind: string, rows: readonly Row<string>[]): HostileInput[] =>
  rows.map(([name, uri, outcome]) => ({ name: `${kind}: ${name}`, outcome, message: (place) => withUri(uri, place) }));
