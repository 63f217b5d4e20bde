/**
 * The two smallest requests that prove a server ready, as bytes. They are written out here so that starting the engine needs no client
 * library (kafkajs logs and backs off on a broker that is still starting).
 * Source: https://kafka.apache.org/protocol (Metadata, version 1) and https://redis.io/docs/latest/develop/reference/protocol-spec.
 */

const METADATA_API_KEY = 3;
const METADATA_VERSION = 1;
const CLIENT_ID = 'labelstream-local';

/** A Metadata request for no topic, with its length prefix. */
export function metadataRequest(correlationId: number): Buffer {
  const clientId = Buffer.from(CLIENT_ID);
  const body = Buffer.alloc(2 + 2 + 4 + 2 + clientId.length + 4);
  let at = body.writeInt16BE(METADATA_API_KEY, 0);
  at = body.writeInt16BE(METADATA_VERSION, at);
  at = body.writeInt32BE(correlationId, at);
  at = body.writeInt16BE(clientId.length, at);
  at += clientId.copy(body, at);
  body.writeInt32BE(0, at);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}

/** A broker as the cluster announces it. */
export interface AnnouncedBroker {
  readonly host: string;
  readonly port: number;
}

/** Whether `received` holds a whole length-prefixed response. */
export function isWholeResponse(received: Buffer): boolean {
  return received.length >= 4 && received.length >= 4 + received.readInt32BE(0);
}

/**
 * The brokers named in a whole Metadata response. A broker that is still starting (fenced) is not named, so an empty list means
 * "not ready". Any other bytes than a Metadata response give an empty list too.
 */
export function brokersOfMetadata(response: Buffer, correlationId: number): AnnouncedBroker[] {
  try {
    if (response.readInt32BE(4) !== correlationId) return [];
    const count = response.readInt32BE(8);
    const brokers: AnnouncedBroker[] = [];
    let at = 12;
    for (let i = 0; i < count; i++) {
      const hostLength = response.readInt16BE(at + 4);
      const host = response.toString('utf8', at + 6, at + 6 + hostLength);
      const port = response.readInt32BE(at + 6 + hostLength);
      const rackLength = response.readInt16BE(at + 10 + hostLength);
      at += 12 + hostLength + Math.max(rackLength, 0);
      brokers.push({ host, port });
    }
    return brokers;
  } catch {
    // A RangeError: something else than Kafka listens there.
    return [];
  }
}

/** An inline PING. */
export const REDIS_PING = Buffer.from('PING\r\n');

/** Whether Redis answered the PING; while it loads its data it answers `-LOADING`. */
export function isPong(received: Buffer): boolean {
  return received.toString('latin1').startsWith('+PONG\r\n');
}
