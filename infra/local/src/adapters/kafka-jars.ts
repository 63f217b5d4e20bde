import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import { KAFKA_VERSION } from '../kafka-settings.js';
import type { Log } from '../types.js';
import { lastLines, runCommand } from './command.js';
import { withLock } from './lock.js';

const MAVEN_TIMEOUT_MS = 5 * 60_000;

/** Where the broker's jars lie. */
export const kafkaLibsDir = (artifactsDir: string) => join(artifactsDir, `kafka-${KAFKA_VERSION}`, 'libs');

/** Whether the jars are there. The folder appears only when it is complete. */
export async function hasKafkaJars(artifactsDir: string): Promise<boolean> {
  return readdir(kafkaLibsDir(artifactsDir)).then(
    (files) => files.includes(`kafka_2.13-${KAFKA_VERSION}.jar`),
    () => false,
  );
}

/**
 * Makes sure that the broker's jars are there (43 MB, from Maven Central the first time) and returns their folder.
 * @throws LabelstreamError ENGINE_UNAVAILABLE with Maven's last words.
 */
export async function ensureKafkaJars(artifactsDir: string, pomFile: string, log: Log): Promise<string> {
  const libs = kafkaLibsDir(artifactsDir);
  if (await hasKafkaJars(artifactsDir)) return libs;
  return withLock(join(artifactsDir, 'kafka.lock'), log, async () => {
    if (await hasKafkaJars(artifactsDir)) return libs;
    log(`fetching Kafka ${KAFKA_VERSION} with Maven (once)`);
    const partial = join(artifactsDir, `kafka-${KAFKA_VERSION}.partial`);
    await rm(partial, { recursive: true, force: true });
    const { status, stdout, stderr } = await runCommand(
      'mvn',
      ['-q', '-B', '-f', pomFile, 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${join(partial, 'libs')}`],
      { timeoutMs: MAVEN_TIMEOUT_MS },
    );
    if (status !== 0) {
      throw new LabelstreamError(
        'ENGINE_UNAVAILABLE',
        `Maven could not fetch Kafka ${KAFKA_VERSION}: ${lastLines(stdout) || lastLines(stderr)}`,
      );
    }
    const complete = join(artifactsDir, `kafka-${KAFKA_VERSION}`);
    await mkdir(artifactsDir, { recursive: true });
    await rm(complete, { recursive: true, force: true });
    await rename(partial, complete);
    return libs;
  });
}
