import { engineStatus } from '@labelstream/local/engine';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { LabelstreamError } from '@labelstream/shared/errors';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { type TopicNames, topicNames } from '@labelstream/shared/events/topics';
import type { Broker } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import type { CliConfig, Env } from './config.js';
import { engineSettings } from './pipeline/stage-processes.js';

/** Kafka, and what is written there. */
export interface Connection {
  readonly broker: Broker;
  readonly codecs: Codecs;
  readonly topics: TopicNames;
  /** Creates the topics of the deployment that are missing. */
  ensureTopics(): Promise<void>;
  close(): Promise<void>;
}

/**
 * The environment with the addresses of Kafka and Redis: as it is where it names Kafka, else with those of the local engine.
 *
 * @throws BROKER_UNAVAILABLE where neither is there
 */
export async function addressedEnv(env: Env, dataDir: string): Promise<Env> {
  if (env.KAFKA_BROKERS) return env;
  const engine = await engineStatus(dataDir);
  if (engine.running) return { ...env, ...engineSettings(engine) };
  throw new LabelstreamError(
    'BROKER_UNAVAILABLE',
    'No Kafka is known: start the local engine with "labelstream up", or set KAFKA_BROKERS.',
  );
}

/** Connects to the Kafka of the environment, else to that of the local engine. */
export async function connectFrom(config: Pick<CliConfig, 'env'>, dataDir: string): Promise<Connection> {
  return connect(await addressedEnv(config.env, dataDir));
}
