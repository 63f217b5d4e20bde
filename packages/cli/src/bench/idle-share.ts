import { cpus } from 'node:os';

/** How much of the machine's processors did nothing between two looks. */
export interface IdleShare {
  look(): void;
  /** 0..1, by stretch: from the first look to the second, from the third to the fourth, and so on. */
  stretches(): readonly number[];
}

interface Times {
  readonly idle: number;
  readonly all: number;
}

function timesNow(): Times {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (of: (one: (typeof times)[number]) => number) => times.reduce((total, one) => total + of(one), 0);
  return { idle: sum(({ idle }) => idle), all: sum(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq) };
}

/** Watches the whole machine: what else runs on it counts as well. */
export function createIdleShare(now: () => Times = timesNow): IdleShare {
  const looks: Times[] = [];
  return {
    look: () => void looks.push(now()),
    stretches: () =>
      looks.flatMap((end, at) => {
        const begin = at % 2 === 1 ? looks[at - 1] : undefined;
        return begin === undefined ? [] : [(end.idle - begin.idle) / Math.max(1, end.all - begin.all)];
      }),
  };
}
