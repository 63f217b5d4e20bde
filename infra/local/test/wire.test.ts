import { describe, expect, it } from 'vitest';
import { brokersOfMetadata, isPong, isWholeResponse, metadataRequest } from '../src/wire.js';

/** A Metadata v1 response as a broker writes it, with its length prefix. */
function metadataResponse(correlationId: number, brokers: { host: string; port: number; rack: string | null }[]): Buffer {
  const int16 = (value: number) => {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(value);
    return bytes;
  };
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const text = (value: string | null) => (value === null ? int16(-1) : Buffer.concat([int16(value.length), Buffer.from(value)]));
  const body = Buffer.concat([
    int32(correlationId),
    int32(brokers.length),
    ...brokers.flatMap(({ host, port, rack }, index) => [int32(index + 1), text(host), int32(port), text(rack)]),
    int32(1),
    int32(0),
  ]);
  return Buffer.concat([int32(body.length), body]);
}

describe('the readiness probes', () => {
  it('asks Kafka for its brokers and for no topic', () => {
    const request = metadataRequest(7);
    expect(request.readInt32BE(0)).toBe(request.length - 4);
    expect([request.readInt16BE(4), request.readInt16BE(6), request.readInt32BE(8)]).toEqual([3, 1, 7]);
    expect(request.readInt32BE(request.length - 4)).toBe(0);
  });

  it('reads the brokers of an answer, with and without a rack', () => {
    const response = metadataResponse(7, [
      { host: '127.0.0.1', port: 19_092, rack: 'a' },
      { host: 'kafka-2', port: 9_092, rack: null },
    ]);
    expect(brokersOfMetadata(response, 7)).toEqual([
      { host: '127.0.0.1', port: 19_092 },
      { host: 'kafka-2', port: 9_092 },
    ]);
  });

  it('finds no broker in the answer of one that still starts, in another answer, or in other bytes', () => {
    expect(brokersOfMetadata(metadataResponse(7, []), 7)).toEqual([]);
    expect(brokersOfMetadata(metadataResponse(8, [{ host: 'a', port: 1, rack: null }]), 7)).toEqual([]);
    expect(brokersOfMetadata(Buffer.from('HTTP/1.1 400 Bad Request\r\n'), 7)).toEqual([]);
    expect(brokersOfMetadata(Buffer.alloc(3), 7)).toEqual([]);
  });

  it('waits for the last byte of an answer', () => {
    const response = metadataResponse(7, [{ host: 'a', port: 1, rack: null }]);
    expect(isWholeResponse(response.subarray(0, 3))).toBe(false);
    expect(isWholeResponse(response.subarray(0, -1))).toBe(false);
    expect(isWholeResponse(response)).toBe(true);
  });

  it('takes a Redis that still loads its data as not ready', () => {
    expect(isPong(Buffer.from('+PONG\r\n'))).toBe(true);
    expect(isPong(Buffer.from('-LOADING Redis is loading the dataset in memory\r\n'))).toBe(false);
  });
});
