import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/events/fingerprint.js';

const signed = (canonicalForm: string) => new DataView(fingerprint(canonicalForm).buffer).getBigInt64(0, true);

describe('fingerprint', () => {
  // From the schema tests of the Avro project (share/test/data/schema-tests.txt), where fingerprints are signed longs.
  it.each([
    ['"null"', 7195948357588979594n],
    ['"boolean"', -6970731678124411036n],
    ['"int"', 8247732601305521295n],
    ['"long"', -3434872931120570953n],
    ['"float"', 5583340709985441680n],
    ['"double"', -8181574048448539266n],
    ['"bytes"', 5746618253357095269n],
    ['"string"', -8142146995180207161n],
  ])('of the canonical form %s is that of the Avro project', (canonicalForm, expected) => {
    expect(signed(canonicalForm)).toBe(expected);
  });

  it('of nothing is the specified start value, little-endian', () => {
    expect(Buffer.from(fingerprint('')).toString('hex')).toBe('95a7d7a43a215dc1');
  });
});
