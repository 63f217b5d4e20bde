import type { FaultKind } from './kinds.js';
import type { PlannedFault } from './schedule.js';
import type { ImageMode, World } from './world.js';

/** Longer than the session of a group member (10 s): another takes over before it comes back. */
const FREEZE_MS = 13_000;
const IMAGES_MS = 6_000;
const CACHE_FULL_MS = 6_000;

/** A fault aimed at something. */
export interface AimedFault {
  readonly target: string;
  /** What must not be hit by another fault meanwhile. */
  readonly resources: readonly string[];
  /** Resolves when all is at work again; calls `onReleased` as soon as nothing stands in the way any more. */
  run(onReleased: () => void): Promise<void>;
}

/** Aims a planned fault at what there is. */
export function aim({ kind, draw }: PlannedFault, world: World): AimedFault {
  return AIMS[kind](world, draw);
}

type Aim = (world: World, draw: number) => AimedFault;

const pick = (names: readonly string[], draw: number) => names[Math.floor(draw * names.length)] ?? '';

function onInstance(run: (world: World, instance: string, onReleased: () => void) => Promise<void>): Aim {
  return (world, draw) => {
    const target = pick(world.instances, draw);
    return { target, resources: [target], run: (onReleased) => run(world, target, onReleased) };
  };
}

const onPart =
  (part: Parameters<World['killPart']>[0]): Aim =>
  (world) => ({ target: part, resources: [part], run: (onReleased) => world.killPart(part, onReleased) });

/** A fault that is over as soon as it is done. */
const onStore =
  (target: 'redis-state' | 'redis-cache', run: (world: World) => Promise<void>): Aim =>
  (world) => ({
    target,
    resources: [target],
    async run(onReleased) {
      await run(world);
      onReleased();
    },
  });

const onImages =
  (mode: ImageMode): Aim =>
  (world) => ({
    target: 'images',
    resources: ['images'],
    async run(onReleased) {
      world.setImages(mode);
      try {
        await world.sleep(IMAGES_MS);
      } finally {
        world.setImages('fine');
        onReleased();
      }
    },
  });

/** One instance after the other, so that both generations are at work for a while. */
const changeBundle: Aim = (world) => ({
  target: 'fusion',
  resources: world.fusionInstances,
  async run(onReleased) {
    await world.prepareNextBundle();
    for (const instance of world.fusionInstances) await world.end(instance, 'SIGTERM', () => {});
    onReleased();
  },
});

const AIMS: Readonly<Record<FaultKind, Aim>> = {
  'service-kill': onInstance((world, instance, onReleased) => world.end(instance, 'SIGKILL', onReleased)),
  'service-stop': onInstance((world, instance, onReleased) => world.end(instance, 'SIGTERM', onReleased)),
  'service-freeze': onInstance((world, instance, onReleased) => world.stopAndContinue(instance, FREEZE_MS, onReleased)),
  'kafka-kill': onPart('kafka'),
  'state-kill': onPart('redis-state'),
  'cache-kill': onPart('redis-cache'),
  'cache-flush': onStore('redis-cache', (world) => world.flushCache()),
  'cache-full': onStore('redis-cache', (world) => world.shrinkCache(CACHE_FULL_MS)),
  'published-loss': onStore('redis-state', (world) => world.forgetPublished()),
  'images-down': onImages('down'),
  'images-slow': onImages('slow'),
  'images-cut': onImages('cut'),
  'bundle-change': changeBundle,
};
