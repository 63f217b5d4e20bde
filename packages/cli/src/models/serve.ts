import { loadBundle } from '@labelstream/shared/bundle/load';
import { LabelstreamError } from '@labelstream/shared/errors';
import { reportOf } from '@labelstream/shared/model/serving/comparison-report';
import type { Candidate, RankedHead, Wish } from '@labelstream/shared/model/serving/document';
import { comparisonName } from '@labelstream/shared/model/serving/store';
import type { CommandDeps } from '../command.js';
import type { CliConfig } from '../config.js';
import { askForChange, progressOf, waitForChange } from './change.js';
import { type Deployment, openDeployment } from './deployment.js';
import { bundleFolder, bundleReference } from './reference.js';
import { comparisonText, progressText, statusText } from './render.js';

/** The options of every command that has to do with a deployment. */
export interface DeploymentFlags {
  readonly dataDir: string;
  readonly json?: boolean;
}

export interface ChangeFlags extends DeploymentFlags {
  readonly wait?: boolean;
  /** In seconds. */
  readonly timeout: number;
}

/** Checks a bundle's files, and says where it lies and which one it is. Throws BUNDLE_INVALID. */
export async function candidateOf(given: string, config: CliConfig): Promise<Candidate> {
  const { id, manifest } = await loadBundle(await bundleFolder(given, config), 'fusion');
  return { bundle: bundleReference(given), id, manifestGeneration: manifest.generation };
}

/** Asks for a change, waits for it where that is wished, and says how far it is. */
export async function change(wish: Wish, flags: ChangeFlags, deps: CommandDeps): Promise<void> {
  const { config, output, signal, markFailed } = deps;
  await withDeployment(flags, deps, async ({ store }) => {
    const number = await askForChange(wish, { store, fallback: () => fallbackHead(config), now: Date.now });
    const bar = output.progress(`change ${number}`);
    const progress = flags.wait
      ? await waitForChange(number, store, {
          timeoutMs: flags.timeout * 1000,
          signal,
          onProgress: (at) => bar.update(0, 0, 'waitingFor' in at ? `waiting for ${at.waitingFor.length} instances` : ''),
          now: Date.now,
        }).finally(() => bar.end())
      : progressOf(number, await store.read(), await store.members());
    if (progress?.state === 'rejected' || (flags.wait && progress?.state !== 'served')) markFailed();
    const { current, next } = (await store.read()) ?? {};
    const serving = next?.number === number ? next.serving : current;
    if (flags.json) await output.printJson({ change: number, kind: wish.kind, ...progress, serving });
    else await output.print(progressText(number, progress));
  });
}

async function fallbackHead(config: CliConfig): Promise<RankedHead> {
  const { bundle, id, manifestGeneration } = await candidateOf(config.fusionBundle, config);
  return { bundle, id, generation: manifestGeneration };
}

/** `models status`. */
export async function showStatus(flags: DeploymentFlags, deps: CommandDeps): Promise<void> {
  await withDeployment(flags, deps, async ({ store }) => {
    const [document, members] = [await store.read(), await store.members()];
    const { output } = deps;
    await (flags.json ? output.printJson({ document, instances: members }) : output.print(statusText(document, members, output.paint)));
  });
}

/** `models shadow --report`. Throws USAGE when there is no shadow. */
export async function showComparison(flags: DeploymentFlags, deps: CommandDeps): Promise<void> {
  await withDeployment(flags, deps, async ({ store }) => {
    const { active, shadow } = (await store.read())?.current ?? {};
    if (active === undefined || shadow === undefined) {
      throw new LabelstreamError('USAGE', 'There is no shadow; begin one with "labelstream models shadow BUNDLE".');
    }
    const report = reportOf(active.id, shadow.id, await store.comparisons(comparisonName(active.id, shadow.id)));
    await (flags.json ? deps.output.printJson(report) : deps.output.print(comparisonText(report, deps.output.paint)));
  });
}

async function withDeployment(
  { dataDir }: DeploymentFlags,
  { config }: CommandDeps,
  work: (deployment: Deployment) => Promise<void>,
): Promise<void> {
  const deployment = await openDeployment(config, dataDir);
  try {
    await work(deployment);
  } finally {
    await deployment.close();
  }
}
