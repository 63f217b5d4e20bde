import { readAnyBundle } from '@labelstream/shared/bundle/load';
import { LabelstreamError } from '@labelstream/shared/errors';

/** Multiply-adds of a listing with an image and a title. */
export interface ListingMultiplyAdds {
  /** Image tower and text tower. */
  readonly towers: number;
  readonly head: number;
}

/** What the manifests of a pair of bundles say. Throws BUNDLE_INVALID where they are no such pair. */
export async function listingMultiplyAdds(pair: { readonly encoder: string; readonly fusion: string }): Promise<ListingMultiplyAdds> {
  const [encoder, fusion] = await Promise.all([readAnyBundle(pair.encoder), readAnyBundle(pair.fusion)]);
  if (encoder.manifest.kind !== 'encoder' || fusion.manifest.kind !== 'fusion')
    throw new LabelstreamError('BUNDLE_INVALID', `${encoder.id} and ${fusion.id} are no encoder and head.`);
  const { image, text } = encoder.manifest.towers;
  return { towers: image.multiplyAdds + text.multiplyAdds, head: fusion.manifest.graph.multiplyAdds };
}
