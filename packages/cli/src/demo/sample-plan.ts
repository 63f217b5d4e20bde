import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeDemoImages } from '@labelstream/samples/adapters/demo-images';
import { DEMO_SEED } from '@labelstream/samples/demo/kinds';
import { demoStream, expectedAtEnd } from '@labelstream/samples/demo/stream';
import type { DemoPlan } from './plan.js';

/** A pace at which a laptop is not the bottleneck, so that the latency shown is that of a listing and not of a queue. */
const MESSAGES_PER_SECOND = 40;

/** The demo's own 240 listings, drawn into `folder`. */
export async function samplePlan(folder: string, { seed = DEMO_SEED, idPrefix = 'demo-' } = {}): Promise<DemoPlan> {
  const imageRoot = join(folder, `samples-${seed}`);
  await mkdir(imageRoot, { recursive: true });
  const { actions, images } = demoStream({ seed, idPrefix, imageBaseUri: pathToFileURL(imageRoot).href, startAtMs: Date.now() });
  const { releaseLateImages } = await writeDemoImages(imageRoot, images);
  const atEnd = expectedAtEnd(actions);
  const truth = [...atEnd].flatMap(([key, action]) => (action.truth === undefined ? [] : [[key, { ...action.truth }] as const]));
  return {
    listings: atEnd.size,
    messages: actions.map(({ key, payload }) => ({ key, version: payload.form === 'event' ? payload.event.version : 0, payload })),
    imageRoot,
    truth: new Map(truth),
    messagesPerSecond: MESSAGES_PER_SECOND,
    releaseLateImages,
  };
}
