import type { FusionModel } from '@labelstream/shared/model/fusion-model';
import type { HeadRef } from '@labelstream/shared/model/serving/document';

/** A head that is loaded, checked and warmed up. */
export interface Head {
  /** Id of its bundle. */
  readonly id: string;
  readonly model: Pick<FusionModel, 'fuse'>;
  /** Rejects when the inference thread has ended; resolves never. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

/** Loads, checks and warms up. Throws BUNDLE_INVALID, BUNDLE_MISMATCH, OBJECT_STORE_UNAVAILABLE, INFERENCE_FAILED. */
export type OpenHead = (ref: HeadRef) => Promise<Head>;

/** The heads that are open: each once, however many servings it is part of, and closed with the last of them. */
export interface HeadPool {
  /** Throws what opening throws. */
  acquire(ref: HeadRef): Promise<Head>;
  release(head: Head): Promise<void>;
}

export function createHeadPool(open: OpenHead): HeadPool {
  const opened = new Map<string, { readonly head: Promise<Head>; users: number }>();
  return {
    async acquire(ref) {
      const entry = opened.get(ref.id) ?? { head: open(ref), users: 0 };
      opened.set(ref.id, entry);
      entry.users += 1;
      try {
        return await entry.head;
      } catch (error) {
        if (opened.get(ref.id) === entry) opened.delete(ref.id);
        throw error;
      }
    },
    async release(head) {
      const entry = opened.get(head.id);
      if (entry === undefined) return;
      entry.users -= 1;
      if (entry.users > 0) return;
      opened.delete(head.id);
      await head.close();
    },
  };
}
