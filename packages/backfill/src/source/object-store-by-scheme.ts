import type { ObjectStore } from './object-store.js';

/** Objects in S3 by `s3:` URIs, files by their paths. */
export function createObjectStoreByScheme({ s3, local }: { readonly s3: ObjectStore; readonly local: ObjectStore }): ObjectStore {
  const storeOf = (uri: string) => (/^s3:/i.test(uri) ? s3 : local);
  return {
    list: (uri, options) => storeOf(uri).list(uri, options),
    read: (object, range, signal) => storeOf(object.uri).read(object, range, signal),
    close() {
      s3.close();
      local.close();
    },
  };
}
