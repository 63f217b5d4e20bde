import { LabelstreamError } from '../../errors.js';

/** Parts of which none is empty or begins with a dot: a path that stays below its folder. */
const KEY = /^(?!.*(?:^|\/)\.)[^/\0]+(?:\/[^/\0]+)*$/s;

/** The key, if it can be one in every store. Throws CONFIG_INVALID. */
export function checkObjectKey(key: string): string {
  if (KEY.test(key)) return key;
  throw new LabelstreamError('CONFIG_INVALID', `${JSON.stringify(key.slice(0, 200))} cannot be the key of an object`);
}
