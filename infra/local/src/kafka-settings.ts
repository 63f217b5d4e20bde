import type { EngineMemory, EnginePorts } from './types.js';

/** The broker's version, the same natively and in a container. */
export const KAFKA_VERSION = '4.4.0';

/** Fixed, so that a data folder can be formatted again without becoming foreign; must not begin with `-`. */
export const KAFKA_CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';

/** Room for an event with a 1 MB title or an image as a data URI; the broker's own default is 1 MiB. */
const MESSAGE_MAX_BYTES = 8 * 1024 * 1024;

/** Settings that make one small node of what is a cluster by default, shared by the native broker and the container. */
export const SINGLE_NODE_SETTINGS: Readonly<Record<string, string>> = {
  'auto.create.topics.enable': 'false',
  'message.max.bytes': String(MESSAGE_MAX_BYTES),
  // Nothing to replicate to.
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  // The defaults of 50 partitions each are most of the time that the first consumer and the first transaction wait.
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.num.partitions': '4',
  'share.coordinator.state.topic.num.partitions': '1',
  'group.initial.rebalance.delay.ms': '0',
  // Lets a test see a dead member leave its group soon; the services ask for longer themselves.
  'group.min.session.timeout.ms': '1000',
  // After a kill -9 the restarted broker may register again only when its former session is over (default 9 s).
  'broker.session.timeout.ms': '5000',
  'broker.heartbeat.interval.ms': '500',
  'num.network.threads': '2',
  'num.io.threads': '4',
  'num.recovery.threads.per.data.dir': '2',
  'log.cleaner.threads': '1',
  'log.cleaner.dedupe.buffer.size': String(16 * 1024 * 1024),
};

/** Characters that a Java properties file takes as its own. */
const escapeValue = (value: string) => value.replaceAll('\\', '\\\\');

/**
 * The `server.properties` of the native broker: one combined KRaft node, loopback only.
 * @param logDir the folder of Kafka's data, absolute; Kafka splits the setting at commas, so it must hold none.
 */
export function renderServerProperties(ports: Pick<EnginePorts, 'kafka' | 'kafkaController'>, logDir: string): string {
  const settings: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.kafkaController}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${ports.kafka},CONTROLLER://127.0.0.1:${ports.kafkaController}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.kafka}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logDir,
    ...SINGLE_NODE_SETTINGS,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${escapeValue(value)}\n`)
    .join('');
}

/** A class-data archive (AppCDS) that halves the start: one to read, or one to be written when the broker ends. */
export type ClassArchive = { readonly use: string } | { readonly write: string } | null;

/** The first compiler tier and the serial collector start fastest and need least memory; the broker is never the bottleneck here. */
const QUICK_START = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];

function archiveFlags(archive: ClassArchive): string[] {
  if (archive === null) return [];
  return 'use' in archive ? [`-XX:SharedArchiveFile=${archive.use}`] : [`-XX:ArchiveClassesAtExit=${archive.write}`];
}

/** Arguments of `java` that run the broker. */
export function brokerArguments(libsDir: string, propertiesFile: string, memory: EngineMemory, archive: ClassArchive): string[] {
  return [
    `-Xmx${memory.kafkaHeapMb}m`,
    ...QUICK_START,
    ...archiveFlags(archive),
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
    '-cp',
    `${libsDir}/*`,
    'kafka.Kafka',
    propertiesFile,
  ];
}

/** Arguments of `java` that prepare the data folder; a folder prepared before is left as it is. */
export function formatArguments(libsDir: string, propertiesFile: string, archive: ClassArchive): string[] {
  return [
    '-Xmx128m',
    ...QUICK_START,
    ...(archive !== null && 'use' in archive ? archiveFlags(archive) : []),
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    `${libsDir}/*`,
    'kafka.tools.StorageTool',
    'format',
    '--ignore-formatted',
    '-t',
    KAFKA_CLUSTER_ID,
    '-c',
    propertiesFile,
  ];
}
