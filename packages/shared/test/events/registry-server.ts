import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, installOnce, runCommand, startChildServer } from '../servers/child-server.js';

const VERSION = '3.0.9';
const NAME = `apicurio-registry-app-${VERSION}`;

/** The published descriptor names a parent that Maven Central does not have; this stands in for it, as the archive needs nothing else. */
const DESCRIPTOR = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>io.apicurio</groupId><artifactId>apicurio-registry-app</artifactId><version>${VERSION}</version></project>
`;

/** Downloads and unpacks the registry (109 MB). */
async function download(scratch: string): Promise<string> {
  const repository = join(scratch, 'repository');
  const artifact = join(repository, 'io/apicurio/apicurio-registry-app', VERSION);
  mkdirSync(artifact, { recursive: true });
  writeFileSync(join(artifact, `${NAME}.pom`), DESCRIPTOR);
  const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get';
  const coordinates = `-Dartifact=io.apicurio:apicurio-registry-app:${VERSION}:tar.gz:all`;
  await runCommand('mvn', ['-q', '-B', `-Dmaven.repo.local=${repository}`, plugin, coordinates, '-Dtransitive=false']);
  const unpacked = join(scratch, 'unpacked');
  mkdirSync(unpacked);
  await runCommand('tar', ['xzf', join(artifact, `${NAME}-all.tar.gz`), '-C', unpacked]);
  return unpacked;
}

/** A real schema registry on a free port of 127.0.0.1, everything in memory. */
export interface RegistryServer {
  /** Base address of its Confluent-compatible API. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts Apicurio Registry, downloading it first where necessary; needs Java 17 and Maven. */
export async function startRegistryServer(): Promise<RegistryServer> {
  const folder = await installOnce(NAME, download);
  const port = await freePort();
  const command = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java';
  const settings = [`-Dquarkus.http.host=127.0.0.1`, `-Dquarkus.http.port=${port}`];
  const args = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...settings, '-jar', join(folder, `${NAME}-runner.jar`)];
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  const { stop } = await startChildServer({ name: 'the registry', command, args, readyUrl: `${url}/subjects` });
  return { url, stop };
}
