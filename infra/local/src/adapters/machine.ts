import type { LocalConfig } from '../config.js';
import type { ToolFacts } from '../diagnosis.js';
import { findOnPath } from './command.js';
import { findJava } from './java.js';
import { hasKafkaJars } from './kafka-jars.js';
import { findRedis, redisInstallers } from './redis-program.js';

/** Looks for what the native engine needs. */
export async function findTools(config: LocalConfig): Promise<ToolFacts> {
  const [java, maven, hasJars, redis, installers] = await Promise.all([
    findJava(config.javaHome),
    findOnPath('mvn'),
    hasKafkaJars(config.artifactsDir),
    findRedis(config.artifactsDir),
    redisInstallers(),
  ]);
  return { java, maven, hasJars, redis, redisInstallers: installers };
}
