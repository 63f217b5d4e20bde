/** Every topic but the label topics exists once per lane. The live lane goes first. */
export const LANES = ['live', 'backfill'] as const;

/** `live`: new and changed listings. `backfill`: whole catalogues, given what the live lane leaves. */
export type Lane = (typeof LANES)[number];
