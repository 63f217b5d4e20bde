import { type ErrorCode, LabelstreamError } from '../../errors.js';
import type { Claim } from '../../ports/key-value.js';

/** A newer owner has claimed: whoever believed to own it must stop. */
export const fenced = ({ key, epoch }: Claim): LabelstreamError =>
  new LabelstreamError('STATE_FENCED', `${key} is claimed by an owner newer than ${epoch}`);

/** The claim stood there and does not any more: what was written under it may be lost as well. */
export const claimGone = ({ key }: Claim, unavailable: ErrorCode): LabelstreamError =>
  new LabelstreamError(unavailable, `the claim at ${key} is lost`);
