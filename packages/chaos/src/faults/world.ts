/** How the image store behaves. */
export type ImageMode = 'fine' | 'down' | 'slow' | 'cut';

/** A server of the engine. */
export type EnginePartName = 'kafka' | 'redis-state' | 'redis-cache';

/** What can be broken. What the methods break, they or a supervisor repair: they resolve when it is at work again. */
export interface World {
  /** Names of all service instances. */
  readonly instances: readonly string[];
  /** Those of one stage. */
  readonly fusionInstances: readonly string[];
  /** `onReleased` is called when the instance is being started again. */
  end(instance: string, signal: 'SIGKILL' | 'SIGTERM', onReleased: () => void): Promise<void>;
  stopAndContinue(instance: string, forMs: number, onReleased: () => void): Promise<void>;
  killPart(part: EnginePartName, onReleased: () => void): Promise<void>;
  flushCache(): Promise<void>;
  shrinkCache(forMs: number): Promise<void>;
  forgetPublished(): Promise<void>;
  setImages(mode: ImageMode): void;
  /** Makes a bundle of the next generation and gives it to new fusion processes from now on; returns the generation. */
  prepareNextBundle(): Promise<number>;
  sleep(milliseconds: number): Promise<void>;
}
