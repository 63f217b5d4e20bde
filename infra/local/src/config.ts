import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, seen from `infra/local/src` and from `infra/local/dist` alike. */
const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Where the local engine keeps and finds things. */
export interface LocalConfig {
  /** Default data folder: records, logs, the servers' data. Ignored by git. */
  readonly dataDir: string;
  /** Downloaded jars and programs; may be shared by any number of data folders. */
  readonly artifactsDir: string;
  readonly composeFile: string;
  readonly pomFile: string;
  /** A JDK's folder, when the user names one; otherwise `java` on PATH is used. */
  readonly javaHome: string | null;
}

/** Reads the settings of the local engine: `LABELSTREAM_DATA_DIR`, `LABELSTREAM_ARTIFACTS_DIR`, `JAVA_HOME`. */
export function readLocalConfig(env: NodeJS.ProcessEnv = process.env): LocalConfig {
  const home = join(repositoryRoot, '.labelstream');
  return {
    dataDir: env.LABELSTREAM_DATA_DIR ? resolve(env.LABELSTREAM_DATA_DIR) : home,
    artifactsDir: env.LABELSTREAM_ARTIFACTS_DIR ? resolve(env.LABELSTREAM_ARTIFACTS_DIR) : join(home, 'artifacts'),
    composeFile: join(repositoryRoot, 'infra', 'compose.yaml'),
    pomFile: join(repositoryRoot, 'infra', 'local', 'pom.xml'),
    javaHome: env.JAVA_HOME || null,
  };
}

/** The environment that started processes inherit. */
export function inheritedEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}
