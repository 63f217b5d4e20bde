import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stateKeys } from '../../src/events/keys.js';

/** As the settings allow it. */
const anyPrefix = fc.stringMatching(/^[a.:_-]{0,4}$/).map((text) => text.replaceAll(':', ''));
const anyId = fc.string({ unit: fc.constantFrom('a', '.', ':', '-'), maxLength: 6 });

test('no product id makes a key of another deployment, or of another product', () => {
  fc.assert(
    fc.property(anyPrefix, anyId, anyPrefix, anyId, (prefix, id, otherPrefix, otherId) => {
      const [key, other] = [stateKeys.published(prefix, id), stateKeys.published(otherPrefix, otherId)];
      expect(key === other).toBe(prefix === otherPrefix && id === otherId);
      expect(stateKeys.publishedComplete(prefix, 1).startsWith('pub:')).toBe(true);
      expect(stateKeys.publishedComplete(prefix, 1) === stateKeys.publishedComplete(otherPrefix, 1)).toBe(prefix === otherPrefix);
      expect(stateKeys.publishedComplete(prefix, 1)).not.toBe(stateKeys.publishedComplete(prefix, 0));
      expect(key).not.toBe(stateKeys.publishedComplete(otherPrefix, 1));
      expect(stateKeys.publishedOwner(prefix, 0) === stateKeys.publishedOwner(otherPrefix, 0)).toBe(prefix === otherPrefix);
      expect(stateKeys.publishedOwner(prefix, 0).startsWith('pub:')).toBe(false);
    }),
    { numRuns: 2000 },
  );
});
