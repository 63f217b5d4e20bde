import { aim } from './actions.js';
import type { DoneFault } from './recovery.js';
import type { PlannedFault } from './schedule.js';
import type { World } from './world.js';

export interface RunFaultsDeps {
  readonly world: World;
  /** Milliseconds since the beginning of the run. */
  readonly elapsedMs: () => number;
  /** A line of progress. */
  readonly log: (line: string) => void;
  readonly onReleased: (fault: DoneFault) => void;
}

/**
 * Does the planned faults, each at its time. Faults may overlap, but not on the same thing: the second waits for the first. Settles when all
 * is repaired; throws what the world throws.
 */
export async function runFaults(plan: readonly PlannedFault[], deps: RunFaultsDeps): Promise<void> {
  const { world, elapsedMs } = deps;
  const busy = new Map<string, Promise<void>>();
  const running: Promise<void>[] = [];
  try {
    for (const fault of plan) {
      await world.sleep(Math.max(0, fault.atMs - elapsedMs()));
      const { resources, ...aimed } = aim(fault, world);
      const before = resources.map((resource) => busy.get(resource) ?? Promise.resolve());
      const run = Promise.all(before).then(() => perform(fault, aimed, deps));
      for (const resource of resources) busy.set(resource, run);
      // Heard at the end; until then it must not count as unhandled.
      run.catch(() => {});
      running.push(run);
    }
  } finally {
    // Whoever ends everything must not do so in the middle of a repair.
    await Promise.allSettled(running);
  }
  await Promise.all(running);
}

async function perform(
  { kind }: PlannedFault,
  { target, run }: Pick<ReturnType<typeof aim>, 'target' | 'run'>,
  { elapsedMs, log, onReleased }: RunFaultsDeps,
): Promise<void> {
  const startedAtMs = elapsedMs();
  log(`${(startedAtMs / 1000).toFixed(1)} s  ${kind} ${target}`);
  await run(() => onReleased({ kind, target, startedAtMs, releasedAtMs: elapsedMs() }));
}
