import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './adapters/command.js';
import { failWith, readLog } from './adapters/failure.js';
import { ensureKafkaJars } from './adapters/kafka-jars.js';
import { findTools } from './adapters/machine.js';
import { answersTls, isPortFree, isReady } from './adapters/network.js';
import { logFileOf } from './adapters/parts.js';
import { endProcess, isAlive, spawnDetached } from './adapters/process.js';
import { ensureRedis } from './adapters/redis-program.js';
import { startTlsProxy } from './adapters/tls-proxy.js';
import { type Authority, createAuthority } from './certificates.js';
import { inheritedEnvironment, readLocalConfig } from './config.js';
import { requireTools } from './diagnosis.js';
import { brokerArguments, formatArguments } from './kafka-settings.js';
import { choosePorts } from './ports.js';
import { renderSecuredKafka, renderSecuredRedis, type SecuredUsers, scramArguments } from './secured-settings.js';
import { createTestFolder, removeTestFolder } from './testing.js';
import { DEFAULT_MEMORY, type Log, type ProcessRecord } from './types.js';

const READY_TIMEOUT_MS = 90_000;
const READY_POLL_MS = 100;
const STOP_TIMEOUT_MS = 15_000;
const FORMAT_TIMEOUT_MS = 60_000;

/** Files of certificates: a client's settings name them. */
export interface SecuredFiles {
  readonly ca: string;
  /** An authority that issued none of the servers' certificates. */
  readonly strangerCa: string;
  /** A client's, `CN=client`. */
  readonly clientCert: string;
  readonly clientKey: string;
}

/** A Kafka and a Redis that let nobody in without TLS and credentials, on 127.0.0.1, for tests. */
export interface SecuredServers {
  /** TLS, and SASL by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; ACLs hold. */
  readonly brokers: string[];
  /** TLS with client certificates in place of passwords: the user is `CN=client`. ACLs hold. */
  readonly certificateBrokers: string[];
  /** In the clear, where everything is allowed, to hand out rights. */
  readonly adminBrokers: string[];
  /** `rediss://user:password@127.0.0.1:port` */
  redisUrl(user: string, password?: string): string;
  readonly files: SecuredFiles;
  /** Whether redis-server itself speaks TLS; where its build has none, it is put in front. */
  readonly redisSpeaksTls: boolean;
  stop(): Promise<void>;
}

interface Starting {
  readonly folder: string;
  readonly users: SecuredUsers;
  readonly log: Log;
  readonly started: ProcessRecord[];
}

/** Starts both, with certificates made for the occasion. Throws ENGINE_UNAVAILABLE. */
export async function startSecuredServers(users: SecuredUsers, log: Log = () => {}): Promise<SecuredServers> {
  const folder = await createTestFolder(log);
  const starting: Starting = { folder, users, log, started: [] };
  const closers: (() => Promise<void>)[] = [];
  async function stop(): Promise<void> {
    await Promise.all([...closers.map((close) => close()), ...starting.started.map((process) => endProcess(process, STOP_TIMEOUT_MS))]);
    await removeTestFolder(folder);
  }
  try {
    const authority = createAuthority('secured test servers');
    const files = await writeCertificates(join(folder, 'tls'), authority);
    const [kafka, redis] = await Promise.all([startKafka(starting), startRedis(starting, authority)]);
    closers.push(redis.close);
    const { kafkaPorts } = kafka;
    return {
      brokers: [`127.0.0.1:${kafkaPorts.password}`],
      certificateBrokers: [`127.0.0.1:${kafkaPorts.certificate}`],
      adminBrokers: [`127.0.0.1:${kafkaPorts.admin}`],
      redisUrl: (user, password = users.redis[user]?.password ?? '') =>
        `rediss://${user}:${encodeURIComponent(password)}@127.0.0.1:${redis.port}`,
      files,
      redisSpeaksTls: redis.speaksTls,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeCertificates(folder: string, authority: Authority): Promise<SecuredFiles> {
  await mkdir(folder, { recursive: true });
  const server = authority.issue('server', ['127.0.0.1', 'localhost']);
  const client = authority.issue('client');
  const contents = {
    'ca.pem': authority.certPem,
    'stranger-ca.pem': createAuthority('a stranger').certPem,
    'server.pem': server.keyPem + server.certPem,
    'server-cert.pem': server.certPem,
    'server-key.pem': server.keyPem,
    'client-cert.pem': client.certPem,
    'client-key.pem': client.keyPem,
  };
  for (const [name, content] of Object.entries(contents)) {
    await writeFile(join(folder, name), content);
    await chmod(join(folder, name), 0o600);
  }
  const at = (name: keyof typeof contents) => join(folder, name);
  return { ca: at('ca.pem'), strangerCa: at('stranger-ca.pem'), clientCert: at('client-cert.pem'), clientKey: at('client-key.pem') };
}

/** Free ports for a server's listeners. */
async function freePorts(): Promise<readonly [number, number, number, number]> {
  const ports = await choosePorts({ kept: {}, configured: {}, recorded: {}, preferred: false }, isPortFree);
  return [ports.kafka, ports.kafkaController, ports.redisState, ports.redisCache];
}

async function until(isThere: () => Promise<boolean>, process: ProcessRecord, logFile: string): Promise<void> {
  const deadlineMs = Date.now() + READY_TIMEOUT_MS;
  while (!(await isThere())) {
    if (!(await isAlive(process)) || Date.now() >= deadlineMs) failWith('A secured server does not answer', await readLog(logFile));
    await sleep(READY_POLL_MS);
  }
}

async function startKafka({ folder, users, log, started }: Starting) {
  const config = readLocalConfig();
  const { java } = requireTools(await findTools(config));
  const libs = await ensureKafkaJars(config.artifactsDir, config.pomFile, log);
  const [admin, controller, password, certificate] = await freePorts();
  const kafkaPorts = { admin, controller, password, certificate };
  const properties = join(folder, 'kafka.properties');
  const paths = { logDir: join(folder, 'kafka'), tlsDir: join(folder, 'tls') };
  await writeFile(properties, renderSecuredKafka(kafkaPorts, paths, users), { mode: 0o600 });
  const format = [...formatArguments(libs, properties, null), ...scramArguments(users)];
  const formatted = await runCommand(java.path, format, { timeoutMs: FORMAT_TIMEOUT_MS });
  if (formatted.status !== 0) failWith('Kafka could not prepare its data folder', formatted.stderr || formatted.stdout);
  const args = brokerArguments(libs, properties, { ...DEFAULT_MEMORY, kafkaHeapMb: 256 }, null);
  const logFile = logFileOf(folder, 'kafka');
  const process = await spawnDetached({ command: java.path, args, cwd: folder, env: inheritedEnvironment(), logFile });
  started.push(process);
  await until(() => isReady('kafka', admin), process, logFile);
  return { kafkaPorts };
}

async function startRedis({ folder, users, log, started }: Starting, authority: Authority) {
  const { path } = await ensureRedis(readLocalConfig().artifactsDir, log);
  // One that knows the setting says that it has been told to listen nowhere; one that does not, that its settings are wrong.
  const { stdout } = await runCommand(path, ['--port', '0', '--tls-port', '0', '--save', '', '--dir', folder]);
  const speaksTls = stdout.includes('not listen anywhere');
  const [port, plainPort] = await freePorts();
  const settings = join(folder, 'redis.conf');
  const listen = speaksTls ? { tlsPort: port, tlsDir: join(folder, 'tls') } : { plainPort };
  await writeFile(settings, renderSecuredRedis(listen, folder, users), { mode: 0o600 });
  const logFile = logFileOf(folder, 'redis');
  const process = await spawnDetached({ command: path, args: [settings], cwd: folder, env: inheritedEnvironment(), logFile });
  started.push(process);
  const server = authority.issue('server', ['127.0.0.1', 'localhost']);
  const proxy = speaksTls ? null : await startTlsProxy({ port, to: plainPort, cert: server.certPem, key: server.keyPem });
  await until(() => answersTls(port, authority.certPem), process, logFile);
  return { port, speaksTls, close: async () => proxy?.close() };
}
