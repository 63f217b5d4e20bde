import { createHash } from 'node:crypto';
import { chooseText } from '@labelstream/ingest/text/choose';
import { describeError, isLabelstreamError } from '@labelstream/shared/errors';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { ModalityState, ProductLabels } from '@labelstream/shared/events/records';
import { sequenceDims } from '@labelstream/shared/model/encoder-model';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { decodeTokenSequence, type TokenSequence } from '@labelstream/shared/tensor/token-sequence';
import type { FoundListing } from './find-listing.js';
import type { FoundProduct } from './find-product.js';
import type { LocalModel } from './model.js';
import { modelBackdrop, originalBackdrop } from './picture.js';
import type { Subject, SubjectImage } from './subject.js';

export interface ProductDeps {
  readonly model: LocalModel;
  /** Absent where it does not answer: all is computed anew then. */
  readonly cache?: Pick<KeyValueStore, 'getMany'>;
  fetchImage(uri: string): Promise<Uint8Array>;
}

/** A product of the pipeline with its published labels. What the cache still has of it is not computed again. */
export async function productSubject({ labels, listing: found }: FoundProduct, deps: ProductDeps): Promise<Subject> {
  const notes = [...notesOn(labels, found, deps.model), ...leftOut('picture', labels.image), ...leftOut('text', labels.text)];
  const textSequence = found === null || labels.text !== 'USED' ? undefined : await textOf(found, deps);
  const image = found === null || labels.image !== 'USED' ? undefined : await imageOf(labels, found, deps, notes);
  return {
    productId: labels.productId,
    text: found === null ? '' : chooseText(found.listing),
    labels: labels.labels,
    mismatched: labels.mismatched,
    ...(labels.imageTextMatch === undefined ? {} : { imageTextMatch: labels.imageTextMatch }),
    model: labels.model,
    ...(image && { image }),
    ...(textSequence && { textSequence }),
    notes,
  };
}

function notesOn(labels: ProductLabels, found: FoundListing | null, { fusion }: LocalModel): string[] {
  const notes: string[] = [];
  if (found === null) notes.push('Neither its labelling nor its event is in a topic any more, so its text and its picture are not known.');
  if (labels.model.fusion !== fusion.id) notes.push(`The labels were made by ${labels.model.fusion}; maps are made by ${fusion.id}.`);
  if (found !== null && found.version !== labels.version) {
    notes.push(`The labels are of version ${labels.version}, the listing is of version ${found.version}.`);
  }
  return notes;
}

function leftOut(modality: 'picture' | 'text', state: ModalityState): string[] {
  if (state === 'PENDING') return [`The ${modality} was still to come when the labels were made.`];
  return state === 'FAILED' ? [`The ${modality} could not be used when the labels were made.`] : [];
}

async function textOf({ listing, textSha256 }: FoundListing, deps: ProductDeps): Promise<TokenSequence | undefined> {
  const { model } = deps;
  const kept = await cachedSequence(textSha256 && cacheKeys.textTokens(model.encoder.id, textSha256), 'text', deps);
  if (kept !== undefined) return kept;
  const { tokenIds } = model.preparation.text(listing);
  return tokenIds.length === 0 ? undefined : (await model.encodeTexts([tokenIds]))[0];
}

/** The labelled picture: from where it lies, or what the cache has of it. A note says where it is not the one that was labelled. */
async function imageOf(
  { imageIndex = 0 }: ProductLabels,
  { listing, imageSha256 }: FoundListing,
  deps: ProductDeps,
  notes: string[],
): Promise<SubjectImage | undefined> {
  const original = await originalOf(listing.images[imageIndex]?.uri, deps);
  const isLabelled = 'bytes' in original && (imageSha256 === undefined || imageSha256 === sha256Of(original.bytes));
  const sequence = await cachedSequence(imageSha256 && cacheKeys.imageTokens(deps.model.encoder.id, imageSha256), 'image', deps);
  if (isLabelled) return shownAs(original, sequence, deps.model);
  const kept = await cachedImage(imageSha256, sequence, deps);
  const why = 'bytes' in original ? 'Another picture lies there now' : `The picture cannot be had (${original.failure})`;
  if (kept !== undefined || !('bytes' in original)) {
    notes.push(`${why}; ${kept === undefined ? 'there is no map' : "the model's own small copy of the labelled one stands in for it"}.`);
    return kept;
  }
  notes.push(`${why}, and the labelled one is gone: the map is of the new one, the labels are not.`);
  return shownAs(original, undefined, deps.model);
}

interface Original {
  /** Encoded. */
  readonly bytes: Uint8Array;
  /** uint8 [H, W, 3], as the model sees it. */
  readonly pixels: Uint8Array;
}

/** What lies at a URI, or why it is no picture. */
async function originalOf(uri: string | undefined, { fetchImage, model }: ProductDeps): Promise<Original | { readonly failure: string }> {
  if (uri === undefined) return { failure: 'the listing does not name it any more' };
  try {
    const bytes = await fetchImage(uri);
    return { bytes, pixels: await model.preparation.pixels(bytes) };
  } catch (error) {
    if (!isLabelstreamError(error) || !/^(IMAGE|OBJECT)_/.test(error.code)) throw error;
    const hint = error.code === 'IMAGE_URI_FORBIDDEN' && /^file:/i.test(uri) ? '; IMAGE_FILE_ROOT names the folder' : '';
    return { failure: `${describeError(error)}${hint}` };
  }
}

async function shownAs(
  { bytes, pixels }: Original,
  sequence: TokenSequence | undefined,
  model: LocalModel,
): Promise<SubjectImage | undefined> {
  const made = sequence ?? (await model.encodeImages([pixels]))[0];
  return made && { pixels, sequence: made, backdrop: await originalBackdrop(bytes, model.encoder.manifest.preprocess) };
}

async function cachedImage(
  sha256: string | undefined,
  sequence: TokenSequence | undefined,
  { model, cache }: ProductDeps,
): Promise<SubjectImage | undefined> {
  if (sha256 === undefined || cache === undefined) return undefined;
  const { preprocess } = model.encoder.manifest;
  const [pixels] = await cache.getMany([cacheKeys.pixels(model.preparation.preprocessId, sha256)]);
  if (pixels?.length !== preprocess.width * preprocess.height * preprocess.channels) return undefined;
  const made = sequence ?? (await model.encodeImages([pixels]))[0];
  return made && { pixels, sequence: made, backdrop: await modelBackdrop(pixels, preprocess) };
}

async function cachedSequence(key: string | undefined, kind: 'image' | 'text', { model, cache }: ProductDeps) {
  if (key === undefined || cache === undefined) return undefined;
  const [stored] = await cache.getMany([key]);
  return decodeTokenSequence(stored ?? null, sequenceDims(model.encoder.manifest)[kind]);
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
