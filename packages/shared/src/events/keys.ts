/** Redis keys (DESIGN, "Redis"). Content-addressed keys make the same image or title be computed once, whoever sends it. */
export const cacheKeys = {
  /** uint8 HWC pixels, prepared as `preprocessId` says. */
  pixels: (preprocessId: string, sha256: string) => `px:${preprocessId}:${sha256}`,
  /** Image token sequence and embedding. */
  imageTokens: (encoderId: string, sha256: string) => `tok:${encoderId}:img:${sha256}`,
  /** Text token sequence and embedding. */
  textTokens: (encoderId: string, sha256: string) => `tok:${encoderId}:txt:${sha256}`,
} as const;

export const stateKeys = {
  /**
   * What the sink published last for a product, per deployment prefix. A prefix has no colon, so the first one after it ends it: without it, a
   * product of one deployment could be named so that its key is that of another deployment's product.
   */
  published: (prefix: string, productId: string) => `pub:${prefix}:${productId}`,
  /**
   * Set while the published state of the products in a partition number of the input is complete; its absence makes the owner rebuild it from
   * the label topic. It is one of `pub:*`, so whoever deletes all of these deletes it, too. Neither a prefix nor a number has an `@`.
   */
  publishedComplete: (prefix: string, partition: number) => `pub:${prefix}@${partition}`,
  /** Epoch of the sink that owns a partition number of the input. None of `pub:*`: it goes on to tell old from new when these are deleted. */
  publishedOwner: (prefix: string, partition: number) => `pub-owner:${prefix}:${partition}`,
  /** What the deployment serves, the fusion instances that follow it, and what they found of a shadow (docs/models.md). */
  models: (prefix: string) => ({
    document: `models:${prefix}`,
    /** Who may write the lists and the document: the last one to claim. */
    claim: `models:${prefix}:claim`,
    members: `models:${prefix}:members`,
    member: (id: string) => `models:${prefix}:member:${id}`,
    comparison: (what: string) => `models:${prefix}:comparison:${what}`,
    comparisonPart: (what: string, id: string) => `models:${prefix}:comparison:${what}:${id}`,
  }),
} as const;
