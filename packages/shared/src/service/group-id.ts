import type { StageName } from '../stream/stage.js';

/** Consumer group of a stage; two deployments with different prefixes share nothing. */
export const groupIdOf = (topicPrefix: string, stage: StageName): string => `${topicPrefix}labelstream-${stage}`;
