import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const VERSION = '3.0.9';
const NAME = `apicurio-registry-app-${VERSION}`;
const START_TIMEOUT_MS = 60_000;

/** Beside the local engine's downloads, so that a machine fetches it once. */
const artifacts = () => process.env.LABELSTREAM_ARTIFACTS_DIR || join(ROOT, '.labelstream', 'artifacts');

/** The published descriptor names a parent that Maven Central does not have; this stands in for it, as the archive needs nothing else. */
const DESCRIPTOR = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>io.apicurio</groupId><artifactId>apicurio-registry-app</artifactId><version>${VERSION}</version></project>
`;

async function download(scratch: string): Promise<string> {
  const repository = join(scratch, 'repository');
  const artifact = join(repository, 'io/apicurio/apicurio-registry-app', VERSION);
  mkdirSync(artifact, { recursive: true });
  writeFileSync(join(artifact, `${NAME}.pom`), DESCRIPTOR);
  const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get';
  const coordinates = `-Dartifact=io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`;
  await run('mvn', ['-q', '-B', `-Dmaven.repo.local=${repository}`, plugin, coordinates, '-Dtransitive=false']);
  const unpacked = join(scratch, 'unpacked');
  mkdirSync(unpacked);
  await run('tar', ['xzf', join(artifact, `${NAME}-all.tar.gz`), '-C', unpacked]);
  return unpacked;
}

/** Downloads and unpacks the registry (109 MB) unless it is there; the folder appears only when it is whole. */
async function install(): Promise<string> {
  const folder = join(artifacts(), NAME);
  if (existsSync(folder)) return folder;
  mkdirSync(artifacts(), { recursive: true });
  const scratch = mkdtempSync(join(artifacts(), 'registry-'));
  try {
    const unpacked = await download(scratch);
    // Another run may have been faster.
    if (!existsSync(folder)) renameSync(unpacked, folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function untilReady(url: string, server: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`the registry ended with ${server.exitCode}:\n${output()}`);
    const response = await fetch(`${url}/subjects`).catch(() => null);
    if (response?.ok) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`the registry does not answer:\n${output()}`);
}

/** A real schema registry on a free port of 127.0.0.1, everything in memory. */
export interface RegistryServer {
  /** Base address of its Confluent-compatible API. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts Apicurio Registry, downloading it first where necessary; needs Java 17 and Maven. */
export async function startRegistryServer(): Promise<RegistryServer> {
  const folder = await install();
  const port = await freePort();
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const settings = [`-Dquarkus.http.host=127.0.0.1`, `-Dquarkus.http.port=${port}`];
  const args = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...settings, '-jar', join(folder, `${NAME}-runner.jar`)];
  const server = spawn(java, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-4_000)));
  const ended = new Promise<void>((done) => server.once('exit', () => done()));
  const stop = async () => {
    server.kill('SIGKILL');
    await ended;
  };
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  try {
    await untilReady(url, server, () => output);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}
