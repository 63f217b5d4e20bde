import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLocalConfig } from '@labelstream/local/config';
import { isS3Reference } from '@labelstream/shared/bundle/reference';

/** The repository, seen from `packages/cli/src` and from `packages/cli/dist` alike. */
const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));
const repositoryRoot = resolve(packageRoot, '..', '..');

/** Environment variables. */
export type Env = Readonly<Record<string, string | undefined>>;

/** What the command line takes from its environment. */
export interface CliConfig {
  readonly version: string;
  readonly repositoryRoot: string;
  /** Handed on to the services; they read their own settings from it. */
  readonly env: Env;
  /** Folder of the local engine: records, logs, data. */
  readonly dataDir: string;
  /** Put before every topic, group and state key. */
  readonly topicPrefix: string;
  /** Bundles: folders, absolute, or `s3://bucket/prefix`. */
  readonly encoderBundle: string;
  readonly fusionBundle: string;
  /** Absent where captions are switched off. */
  readonly captionBundle?: string;
  /** Whether a stack is shown with an error. */
  readonly debug: boolean;
  readonly colours: boolean;
}

/** Reads the command line's settings: the only place where it looks at its process. */
export function readCliConfig(env: Env = process.env): CliConfig {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  const place = (bundle: string) => (isS3Reference(bundle) ? bundle : resolve(repositoryRoot, bundle));
  const bundle = (given: string | undefined, byDefault: string) => place(given || join('models', byDefault));
  return {
    version,
    repositoryRoot,
    env,
    dataDir: readLocalConfig({ ...env }).dataDir,
    topicPrefix: env.TOPIC_PREFIX ?? '',
    encoderBundle: bundle(env.ENCODER_BUNDLE, 'encoder-fashion-small'),
    fusionBundle: bundle(env.FUSION_BUNDLE, 'fusion-fashion-cma'),
    ...(env.CAPTION_BUNDLE ? { captionBundle: place(env.CAPTION_BUNDLE) } : {}),
    debug: env.LOG_LEVEL === 'debug' || env.LOG_LEVEL === 'trace',
    colours: !env.NO_COLOR,
  };
}
