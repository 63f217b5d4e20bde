import { queuePrefix } from '@labelstream/shared/adapters/bullmq/jobs';

/** Keys of the deployment. */
export const deploymentKeys = (prefix: string) => {
  const key = (name: string) => `${queuePrefix(prefix)}:backfills:${name}`;
  return { names: key('names'), lane: key('lane'), flow: key('flow'), leader: key('leader'), workers: key('workers') };
};

/** Keys of one backfill, with those of the deployment that its scripts use, in the order in which they name them. */
export function keysOf(prefix: string, name: string): string[] {
  const own = `${queuePrefix(prefix)}:backfill:${name}`;
  const { lane, names } = deploymentKeys(prefix);
  return [own, ...['pending', 'open', 'at', 'failed', 'errors', 'bucket'].map((part) => `${own}:${part}`), lane, names];
}
