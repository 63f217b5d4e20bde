import type { Service } from '@labelstream/shared/service/service';
import type { StageName } from '@labelstream/shared/stream/stage';

/** Loads a service's code when it is asked for: with it come sharp, the tokenizer or ONNX Runtime. */
const LOADERS: Readonly<Record<StageName, () => Promise<Service>>> = {
  ingest: async () => (await import('@labelstream/ingest/index')).ingestService,
  encoder: async () => (await import('@labelstream/encoder/index')).encoderService,
  fusion: async () => (await import('@labelstream/fusion/index')).fusionService,
  sink: async () => (await import('@labelstream/sink/index')).sinkService,
};

/** The services of these stages, in this order, to be run in this process. */
export function loadServices(stages: readonly StageName[]): Promise<Service[]> {
  return Promise.all(stages.map((stage) => LOADERS[stage]()));
}
