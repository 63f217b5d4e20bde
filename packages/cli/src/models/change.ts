import { LabelstreamError } from '@labelstream/shared/errors';
import {
  askFor,
  beginServing,
  type RankedHead,
  type ServingDocument,
  type Step,
  type Wish,
} from '@labelstream/shared/model/serving/document';
import { type Member, settleNext } from '@labelstream/shared/model/serving/members';
import type { ServingStore } from '@labelstream/shared/model/serving/store';
import { sleep } from '@labelstream/shared/stream/wake-up';

const POLL_MS = 250;

export interface ChangeDeps {
  readonly store: ServingStore;
  /** What is served where there is neither a document nor an instance: FUSION_BUNDLE. */
  readonly fallback: () => Promise<RankedHead>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Asks for a change; without a living instance it is in force at once. Returns its number. Throws USAGE, STATE_UNAVAILABLE. */
export async function askForChange(wish: Wish, { store, fallback, now }: ChangeDeps): Promise<number> {
  const beginning = (await store.read()) === null ? await whatIsServed(await store.members(), fallback) : null;
  const document = await store.update((found, members) => {
    if (found === null && beginning === null) throw new LabelstreamError('USAGE', 'The state Redis has lost its data; try again.');
    const before = found ?? beginServing(beginning as RankedHead, now());
    return settleNext(askFor(settleNext(before, members, now()), wish, now()), members, now());
  });
  return document?.asked ?? 0;
}

/** The newest of what the instances serve. */
async function whatIsServed(members: readonly Member[], fallback: () => Promise<RankedHead>): Promise<RankedHead> {
  const [newest] = members.map(({ serving }) => serving.active).toSorted((a, b) => b.generation - a.generation);
  return newest ?? fallback();
}

/** What has become of a change. */
export type Progress =
  | { readonly state: 'asked'; readonly waitingFor: readonly string[] }
  | { readonly state: 'switching'; readonly waitingFor: readonly string[]; readonly problems: readonly { member: string; what: string }[] }
  | { readonly state: 'served'; readonly instances: number }
  | { readonly state: 'rejected'; readonly reasons: readonly { readonly member: string; readonly what: string }[] };

/** Where a change stands: being loaded, in force, in force and switched to by every instance, or rejected. Null when it is too long ago. */
export function progressOf(number: number, document: ServingDocument | null, members: readonly Member[]): Progress | null {
  if (document === null) return null;
  if (document.next?.number === number) {
    return { state: 'asked', waitingFor: members.filter(({ prepared }) => prepared !== number).map(({ id }) => id) };
  }
  if (document.rejected?.change.number === number) return { state: 'rejected', reasons: document.rejected.reasons };
  if (!document.history.some((step: Step) => step.number === number)) return null;
  const behind = members.filter(({ applied }) => applied < number);
  if (behind.length === 0) return { state: 'served', instances: members.length };
  const problems = behind.flatMap(({ id, problem }) => (problem?.change === number ? [{ member: id, what: problem.what }] : []));
  return { state: 'switching', waitingFor: behind.map(({ id }) => id), problems };
}

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  readonly now: () => number;
}

/** Waits until every instance serves a change, or it is rejected; comes back with how far it is when the time is over. */
export async function waitForChange(number: number, store: ServingStore, { timeoutMs, signal, onProgress, now }: WaitOptions) {
  const until = now() + timeoutMs;
  for (;;) {
    const progress = progressOf(number, await store.read(), await store.members());
    if (progress === null || progress.state === 'served' || progress.state === 'rejected' || now() >= until) return progress;
    onProgress(progress);
    await sleep(POLL_MS, signal);
    signal.throwIfAborted();
  }
}
