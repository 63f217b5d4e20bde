import { resolve } from 'node:path';
import { isS3Reference } from '@labelstream/shared/bundle/reference';
import { describeError, isLabelstreamError } from '@labelstream/shared/errors';
import type { RankedHead, Serving } from '@labelstream/shared/model/serving/document';
import { isInCanary } from '@labelstream/shared/model/serving/side';
import type { CliConfig } from '../config.js';
import { openDeployment } from '../models/deployment.js';

/** A head, and why it is this one. */
export interface ChosenHead {
  /** A folder, or `s3://bucket/prefix`. */
  readonly bundle: string;
  /** `given`: by --fusion. `active`, `canary`: by what the deployment serves. `setting`: by FUSION_BUNDLE. */
  readonly from: 'given' | 'active' | 'canary' | 'setting';
  /** Why the setting is taken. */
  readonly why?: string;
  /** What the deployment knows of it. */
  readonly served?: Pick<RankedHead, 'id' | 'generation'>;
}

export interface ChooseHeadDeps extends Pick<CliConfig, 'fusionBundle' | 'repositoryRoot'> {
  /** What the deployment serves; null where nothing was ever promoted. */
  serving(): Promise<Serving | null>;
}

/** Codes that say that a deployment cannot be asked, which is no reason not to explain a listing. */
const CANNOT_ASK = new Set(['BROKER_UNAVAILABLE', 'STATE_UNAVAILABLE', 'CONFIG_INVALID']);

/** The head that labels a product now, or would label a listing that has no id. Throws what is no outage of the deployment. */
export async function chooseHead(
  { given, productId }: { readonly given?: string | undefined; readonly productId?: string | undefined },
  { fusionBundle, repositoryRoot, serving }: ChooseHeadDeps,
): Promise<ChosenHead> {
  if (given !== undefined) return { bundle: given, from: 'given' };
  const setting = (why: string): ChosenHead => ({ bundle: fusionBundle, from: 'setting', why });
  try {
    const served = await serving();
    if (served === null) return setting('nothing was ever promoted');
    const { active, canary } = served;
    const isCanary = canary !== undefined && productId !== undefined && isInCanary(productId, canary.percent);
    const { bundle, id, generation } = isCanary ? canary : active;
    const place = isS3Reference(bundle) ? bundle : resolve(repositoryRoot, bundle);
    return { bundle: place, from: isCanary ? 'canary' : 'active', served: { id, generation } };
  } catch (error) {
    if (isLabelstreamError(error) && CANNOT_ASK.has(error.code)) return setting(`no deployment could be asked: ${describeError(error)}`);
    throw error;
  }
}

/** What the deployment of the environment, else of the local engine, serves. Throws STATE_UNAVAILABLE, BROKER_UNAVAILABLE, CONFIG_INVALID. */
export async function servingOf(config: Pick<CliConfig, 'env'>, dataDir: string): Promise<Serving | null> {
  const deployment = await openDeployment(config, dataDir);
  try {
    return (await deployment.store.read())?.current ?? null;
  } finally {
    await deployment.close();
  }
}

/** Why it is this head, as the end of a sentence. */
export function describeChoice({ from, why, served }: ChosenHead): string {
  const generation = served === undefined ? '' : `, generation ${served.generation}`;
  if (from === 'given') return 'as --fusion says';
  if (from === 'active') return `the active head of the deployment${generation}`;
  if (from === 'canary') return `the canary of the deployment, which this product belongs to${generation}`;
  return `as FUSION_BUNDLE says (${why})`;
}
