import { openPreparation, type Preparation } from '@labelstream/ingest/preparation';
import { openInference } from '@labelstream/shared/adapters/onnx/inference';
import { graphFiles } from '@labelstream/shared/bundle/graphs';
import { checkPair, loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, EncoderManifest, FusionManifest } from '@labelstream/shared/bundle/manifest';
import { LabelstreamError } from '@labelstream/shared/errors';
import { type AttentionModel, createAttentionModel } from '@labelstream/shared/model/attention';
import { createEncoderModel, sequenceDims } from '@labelstream/shared/model/encoder-model';
import { createFusionModel, type FusionModel } from '@labelstream/shared/model/fusion-model';
import { decodeTokenSequence, type TokenSequence } from '@labelstream/shared/tensor/token-sequence';

export interface OpenModelOptions {
  readonly encoderBundle: string;
  readonly fusionBundle: string;
  readonly threads: number;
  /** As which the deployment serves the head; by default that of its manifest. */
  readonly generation?: number | undefined;
}

/** Both bundles in this process, as the services run them, and their attention. */
export interface LocalModel {
  readonly encoder: Bundle<EncoderManifest>;
  readonly fusion: Bundle<FusionManifest>;
  /** Of the head. */
  readonly generation: number;
  readonly preparation: Preparation;
  /** uint8 [H, W, 3] each. */
  encodeImages(pixels: readonly Uint8Array[]): Promise<TokenSequence[]>;
  encodeTexts(tokenIds: readonly (readonly number[])[]): Promise<TokenSequence[]>;
  readonly fuse: FusionModel['fuse'];
  /** Absent where the fusion bundle does not tell its attention. */
  readonly attention?: AttentionModel;
  close(): Promise<void>;
}

const LIMITS = { maxTextBytes: 64 * 1024, maxPixels: 50_000_000, decodeConcurrency: 1 };
const RUN_SIZE = 8;

/** Throws BUNDLE_INVALID, BUNDLE_MISMATCH. */
export async function openModel({ encoderBundle, fusionBundle, threads, generation }: OpenModelOptions): Promise<LocalModel> {
  const encoder = await loadBundle(encoderBundle, 'encoder');
  const fusion = await loadBundle(fusionBundle, 'fusion');
  checkPair(encoder, fusion);
  const preparation = await openPreparation(encoder, LIMITS);
  const inference = await openInference({ graphs: { ...graphFiles(encoder), ...graphFiles(fusion) }, threads, providers: ['cpu'] });
  const options = { inference, maxRunSize: RUN_SIZE };
  const towers = createEncoderModel(encoder, options);
  const dims = sequenceDims(encoder.manifest);
  const decode = (kind: 'image' | 'text') => (stored: Uint8Array) => {
    const sequence = decodeTokenSequence(stored, dims[kind]);
    if (sequence === undefined) throw new LabelstreamError('STAGE_FAILED', `${encoder.id} gave no ${kind} sequence of its own dims`);
    return sequence;
  };
  return {
    encoder,
    fusion,
    generation: generation ?? fusion.manifest.generation,
    preparation,
    encodeImages: async (pixels) => (await towers.encodeImages(pixels)).map(decode('image')),
    encodeTexts: async (tokenIds) => (await towers.encodeTexts(tokenIds)).map(decode('text')),
    fuse: createFusionModel(fusion, encoder, options).fuse,
    ...(fusion.manifest.graph.attention && { attention: createAttentionModel(fusion, encoder, { inference }) }),
    close: () => inference.close(),
  };
}
