import { chooseText } from '@labelstream/ingest/text/choose';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { LocalModel } from './model.js';
import { originalBackdrop } from './picture.js';
import type { Subject, SubjectImage } from './subject.js';

/** A listing that is given on the command line; at least one part. */
export interface GivenListing {
  readonly title?: string;
  /** Encoded image. */
  readonly image?: Uint8Array;
}

/** Labels a given listing in this process. Throws USAGE where nothing of it is left, or what the preprocessing throws. */
export async function localSubject({ title = '', image: bytes }: GivenListing, model: LocalModel): Promise<Subject> {
  const listing = { title, attributes: {}, images: [] };
  const { tokenIds } = model.preparation.text(listing);
  const [textSequence] = tokenIds.length === 0 ? [] : await model.encodeTexts([tokenIds]);
  const image = bytes && (await openImage(bytes, model));
  const [prediction] = await model.fuse([{ ...(image && { image: image.sequence }), ...(textSequence && { text: textSequence }) }]);
  if (prediction === undefined) throw new LabelstreamError('USAGE', 'There is neither a text nor a picture to label the listing from.');
  const { labels, mismatched, imageTextMatch } = prediction;
  return {
    text: chooseText(listing),
    labels,
    mismatched,
    ...(imageTextMatch === undefined ? {} : { imageTextMatch }),
    model: { encoder: model.encoder.id, fusion: model.fusion.id, generation: model.generation },
    ...(image && { image }),
    ...(textSequence && { textSequence }),
    notes: [],
  };
}

/** An encoded image through preprocessing and image tower. Throws what the preprocessing throws. */
async function openImage(bytes: Uint8Array, model: LocalModel): Promise<SubjectImage> {
  const pixels = await model.preparation.pixels(bytes);
  const [sequence] = await model.encodeImages([pixels]);
  if (sequence === undefined) throw new LabelstreamError('STAGE_FAILED', 'the image tower gave no sequence');
  return { pixels, sequence, backdrop: await originalBackdrop(bytes, model.encoder.manifest.preprocess) };
}
