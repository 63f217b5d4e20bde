import { LabelstreamError } from '@labelstream/shared/errors';
import { Command } from 'commander';
import { type CommandDeps, dataDirOption, examples, wholeNumber } from '../command.js';
import { bundleFolder, bundleStore } from './reference.js';
import { type ChangeFlags, candidateOf, change, type DeploymentFlags, showComparison, showStatus } from './serve.js';

const WAIT_SECONDS = 300;

/** The commands that change what a running deployment serves. */
export function servingCommands(deps: CommandDeps): readonly Command[] {
  return [promoteCommand(deps), rollbackCommand(deps), canaryCommand(deps), shadowCommand(deps), statusCommand(deps), pushCommand(deps)];
}

function withDeploymentOptions(command: Command, { config }: CommandDeps): Command {
  return command.option('--json', 'print one JSON document').addOption(dataDirOption(config));
}

function withChangeOptions(command: Command, deps: CommandDeps): Command {
  return withDeploymentOptions(
    command
      .option('--wait', 'wait until every instance has switched; exit code 1 when the change is rejected')
      .option('--timeout <seconds>', 'how long to wait', wholeNumber('--timeout', 1), WAIT_SECONDS),
    deps,
  );
}

function promoteCommand(deps: CommandDeps): Command {
  return withChangeOptions(new Command('promote').description('Label with another fusion bundle from now on, without a restart.'), deps)
    .argument('<bundle>', 'a folder, or s3://bucket/prefix')
    .addHelpText(
      'after',
      examples(
        ['models promote models/mine --wait', 'all instances load and check it, then all switch'],
        ['models promote s3://models/mine/7', 'a bundle that "models push" has uploaded'],
      ),
    )
    .action(async (bundle: string, flags: ChangeFlags) =>
      change({ kind: 'promote', head: await candidateOf(bundle, deps.config) }, flags, deps),
    );
}

function rollbackCommand(deps: CommandDeps): Command {
  return withChangeOptions(new Command('rollback').description('Go back to the bundle that was active before, as a new generation.'), deps)
    .addHelpText('after', examples(['models rollback --wait', 'and once more goes forward again']))
    .action((flags: ChangeFlags) => change({ kind: 'rollback' }, flags, deps));
}

function parsePercent(text: string): number {
  const percent = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && percent > 0 && percent <= 100) return percent;
  throw new LabelstreamError('USAGE', `--percent takes a number above 0 and up to 100; "${text}" is none.`);
}

function canaryCommand(deps: CommandDeps): Command {
  return withChangeOptions(new Command('canary').description('Label a fixed share of the products with another fusion bundle.'), deps)
    .argument('[bundle]', 'a folder, or s3://bucket/prefix')
    .option('--percent <share>', 'percentage of the products, always the same ones; more only adds to them', parsePercent)
    .option('--stop', 'give its products back to the active bundle')
    .addHelpText(
      'after',
      examples(
        ['models canary models/mine --percent 5', 'one product in twenty'],
        ['models canary models/mine --percent 25', 'these, and others'],
        ['models canary --stop', 'as a new generation of the active bundle'],
      ),
    )
    .action(async (bundle: string | undefined, flags: ChangeFlags & { percent?: number; stop?: boolean }) => {
      if (flags.stop && bundle === undefined) return change({ kind: 'stop-canary' }, flags, deps);
      if (flags.stop || bundle === undefined || flags.percent === undefined) {
        throw new LabelstreamError('USAGE', 'Give a bundle and --percent, or --stop.');
      }
      return change({ kind: 'canary', head: await candidateOf(bundle, deps.config), percent: flags.percent }, flags, deps);
    });
}

function shadowCommand(deps: CommandDeps): Command {
  return withChangeOptions(
    new Command('shadow').description('Run another fusion bundle beside the active one on live traffic; it labels nothing.'),
    deps,
  )
    .argument('[bundle]', 'a folder, or s3://bucket/prefix')
    .option('--stop', 'end it')
    .option('--report', 'agreement, coverage, confidence drift and examples of disagreement')
    .addHelpText(
      'after',
      examples(['models shadow models/mine', 'begin'], ['models shadow --report', 'what it would change'], ['models shadow --stop', 'end']),
    )
    .action(async (bundle: string | undefined, flags: ChangeFlags & { stop?: boolean; report?: boolean }) => {
      const given = [bundle !== undefined, flags.stop === true, flags.report === true].filter(Boolean).length;
      if (given !== 1) throw new LabelstreamError('USAGE', 'Give a bundle, --report, or --stop.');
      if (flags.report) return showComparison(flags, deps);
      if (bundle === undefined) return change({ kind: 'stop-shadow' }, flags, deps);
      return change({ kind: 'shadow', head: await candidateOf(bundle, deps.config) }, flags, deps);
    });
}

function statusCommand(deps: CommandDeps): Command {
  return withDeploymentOptions(new Command('status').description('Show what the deployment serves, and every instance of fusion.'), deps)
    .addHelpText('after', examples(['models status', 'active, canary, shadow, history, instances']))
    .action((flags: DeploymentFlags) => showStatus(flags, deps));
}

function pushCommand({ config, output }: CommandDeps): Command {
  return new Command('push')
    .description('Check a bundle and upload it to S3. What lies there already is never replaced.')
    .argument('<bundle>', 'a folder')
    .argument('<uri>', 's3://bucket/prefix')
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples(['models push models/mine s3://models/mine/7', 'then: models promote s3://models/mine/7']))
    .action(async (folder: string, uri: string, { json }: { json?: boolean }) => {
      const { pushBundle } = await import('@labelstream/shared/adapters/s3/bundle-store');
      const { bundle, sent } = await pushBundle(await bundleFolder(folder, { env: config.env }), uri, bundleStore(config));
      if (json) return output.printJson({ id: bundle.id, uri, sent });
      return output.print(sent ? `${bundle.id} is at ${uri}.` : `${bundle.id} was at ${uri} already.`);
    });
}
