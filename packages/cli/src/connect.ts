import { engineStatus } from '@labelstream/local/engine';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { LabelstreamError } from '@labelstream/shared/errors';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { type TopicNames, topicNames } from '@labelstream/shared/events/topics';
import type { Broker } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import type { CliConfig, Env } from './config.js';
import { commandLog } from './log.js';
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

/** Connects to the Kafka that the environment names. Throws CONFIG_INVALID or BROKER_UNAVAILABLE. */
export async function connect(env: Env): Promise<Connection> {
  // With the context come all client libraries: loaded here, they cost `--help` nothing.
  const { codecOptions, kafkaSettings } = await import('@labelstream/shared/service/open-context');
  const { createKafkaBroker } = await import('@labelstream/shared/adapters/kafka/broker');
  const settings = readConfig(commonSettings, env);
  const topics = topicNames(settings.TOPIC_PREFIX);
  const broker = createKafkaBroker({ ...kafkaSettings(settings), log: commandLog(env) });
  try {
    await broker.ping();
    return {
      broker,
      topics,
      codecs: await createCodecs(codecOptions(settings)),
      ensureTopics: () => broker.ensureTopics(topics.all(), { partitions: settings.TOPIC_PARTITIONS }),
      close: () => broker.close(),
    };
  } catch (error) {
    await broker.close();
    throw error;
  }
}
