import { type Env, readConfig } from '@labelstream/shared/config';
import type { ServiceContext } from '@labelstream/shared/service/service';
import type { Lifecycle } from '@labelstream/shared/stream/lifecycle';
import { openListingsEdges } from './adapters/source/open-listings.js';
import { type BackfillSettings, backfillSettings } from './config.js';
import type { BackfillKinds } from './job/openings.js';
import { openRelabelKind } from './relabel/open.js';
import { createListingsKind } from './source/listings-kind.js';
import { createReplayKind } from './source/replay-kind.js';

export interface OpenKindsDeps {
  readonly context: ServiceContext;
  readonly env: Env;
  /** Remembers what is opened; whoever gives it closes it. */
  readonly lifecycle: Lifecycle;
}

/** The kinds of backfill, over connections that are open. Throws CONFIG_INVALID. */
export async function openKinds({ context, env, lifecycle }: OpenKindsDeps): Promise<Required<BackfillKinds>> {
  const settings = readConfig(backfillSettings, env);
  const edges = await lifecycle.open(
    'sources',
    async () => openListingsEdges({ s3: s3Options(settings), cacheDirectory: settings.BACKFILL_PICTURES_DIR }),
    async (opened) => opened.close(),
  );
  const tokens = await openRelabelKind({ context, env });
  return { listings: createListingsKind({ ...edges, ...context }), topic: createReplayKind(context), tokens };
}

function s3Options(settings: BackfillSettings) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = settings;
  const known = accessKeyId !== undefined && secretAccessKey !== undefined;
  return {
    region: settings.S3_REGION,
    pathStyle: settings.S3_PATH_STYLE,
    ...(settings.S3_ENDPOINT === undefined ? {} : { endpoint: settings.S3_ENDPOINT }),
    ...(known ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } } : {}),
  };
}
