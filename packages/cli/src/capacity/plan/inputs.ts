/** What is asked. */
export interface PlanInputs {
  readonly listings: number;
  /** Changed listings of the live stream a day, mean. */
  readonly changesPerDay: number;
  /** Live listings a second at the busiest time. */
  readonly livePerSecond: number;
  /** Days in which the whole catalogue shall be backfilled beside the live stream. */
  readonly backfillDays: number;
  /** Share of a core's time that is planned for, 0..1: the rest is for bursts and for an instance that fails. */
  readonly utilisation: number;
  readonly replication: number;
  /** How long listings wait between two stages, at most: what the cache must hold at least. */
  readonly underWaySeconds: number;
  readonly prices: Prices;
}

/** US dollars. */
export interface Prices {
  readonly coreHour: number;
  /** Object storage, a gigabyte (10⁹ bytes) for a month. */
  readonly objectGbMonth: number;
  readonly thousandPuts: number;
  readonly thousandGets: number;
}

/** Round figures of the size of public list prices in November 2026, assumed: nobody's offer. Put in your own. */
export const DEFAULT_PRICES: Prices = { coreHour: 0.05, objectGbMonth: 0.023, thousandPuts: 0.005, thousandGets: 0.0004 };

/** Where only the size of the catalogue is known: one listing in a hundred changes a day, at the busiest time three times the mean rate. */
const CHANGED_A_DAY = 0.01;
const PEAK_OVER_MEAN = 3;
const SECONDS_A_DAY = 86_400;

/** Fills in what was not given. */
export function planInputs(
  given: Partial<Omit<PlanInputs, 'prices'>> & { readonly listings: number; readonly prices?: Partial<Prices> },
): PlanInputs {
  const changesPerDay = given.changesPerDay ?? given.listings * CHANGED_A_DAY;
  return {
    changesPerDay,
    livePerSecond: Math.max(1, Math.ceil((changesPerDay / SECONDS_A_DAY) * PEAK_OVER_MEAN)),
    backfillDays: 7,
    utilisation: 0.7,
    replication: 3,
    underWaySeconds: 60,
    ...given,
    prices: { ...DEFAULT_PRICES, ...given.prices },
  };
}
