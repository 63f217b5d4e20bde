import { join, resolve } from 'node:path';
import { readAnyBundle } from '@labelstream/shared/bundle/load';
import { Command } from 'commander';
import { type CommandDeps, examples, wholeNumber } from '../command.js';
import { bundleLine, bundleTable, bundleText } from '../models/describe.js';
import { findBundles } from '../models/find.js';
import { bundleFolder } from '../models/reference.js';
import { servingCommands } from '../models/serving-commands.js';
import { verifyBundle } from '../models/verify.js';
import { parseScale, parseTask, parseThreshold } from '../zero-shot/options.js';
import { runZeroShot, type ZeroShotFlags } from '../zero-shot/run.js';

interface JsonFlag {
  readonly json?: boolean;
}

/** `labelstream models …`: model bundles, and what a deployment serves. */
export function modelsCommand(deps: CommandDeps): Command {
  const command = new Command('models').description(
    'See and check model bundles, make a head for any set of labels, and change what a running deployment serves.',
  );
  for (const serving of servingCommands(deps)) command.addCommand(serving);
  return command
    .addCommand(listCommand(deps))
    .addCommand(showCommand(deps))
    .addCommand(verifyCommand(deps))
    .addCommand(zeroShotCommand(deps))
    .addHelpText(
      'after',
      examples(
        ['models list', 'the bundles that come with it'],
        ['models verify models/fusion-fashion-cma', 'hashes, schema and golden vectors'],
        ['models zero-shot --labels shapes.txt --out models/shapes', 'a head for your own labels, without training'],
        ['models promote models/shapes --wait', 'label with it from now on'],
      ),
    );
}

function listCommand({ config, output }: CommandDeps): Command {
  return new Command('list')
    .description('List the bundles below a folder.')
    .argument('[folder]', 'a folder of bundle folders (default: models of the repository)')
    .option('--json', 'print one JSON document a line')
    .addHelpText('after', examples(['models list', 'id, kind, head, generation, size'], ['models list /srv/models --json', 'for a script']))
    .action(async (folder: string | undefined, { json }: JsonFlag) => {
      const found = await findBundles(folder === undefined ? join(config.repositoryRoot, 'models') : resolve(folder));
      if (json) for (const each of found) await output.printJson(bundleLine(each));
      else await output.print(found.length === 0 ? 'No bundles.' : bundleTable(found, output.paint));
    });
}

function showCommand({ config, output }: CommandDeps): Command {
  return new Command('show')
    .description('Show what a bundle is: its tasks and labels, what it needs, what it was made from.')
    .argument('<folder>', 'the bundle')
    .option('--json', 'print its id and manifest as one JSON document')
    .addHelpText('after', examples(['models show models/fusion-fashion-cma', 'tasks, thresholds, origin']))
    .action(async (folder: string, { json }: JsonFlag) => {
      const bundle = await readAnyBundle(await bundleFolder(folder, config));
      await (json ? output.printJson(bundle) : output.print(bundleText(bundle, output.paint)));
    });
}

function verifyCommand({ config, output, markFailed }: CommandDeps): Command {
  return new Command('verify')
    .description('Check bundles as a service does before it starts; exit code 1 when one is not whole.')
    .argument('<folder...>', 'bundles')
    .option('--encoder <bundle>', 'also check that a head is for this encoder')
    .option('--json', 'print one JSON document a bundle')
    .addHelpText(
      'after',
      examples(
        ['models verify models/*', 'hashes, schema, golden vectors'],
        ['models verify models/mine --encoder models/encoder-fashion-small', 'and the pair'],
      ),
    )
    .action(async (folders: string[], { encoder, json }: JsonFlag & { encoder?: string }) => {
      for (const folder of folders) {
        const verdict = await verifyBundle(folder, config, encoder);
        if (!verdict.ok) markFailed();
        const text = () => (verdict.ok ? `${output.paint.green('ok')}  ${verdict.id}` : `${output.paint.red('bad')} ${verdict.problem}`);
        await (json ? output.printJson(verdict) : output.print(text()));
      }
    });
}

function zeroShotCommand(deps: CommandDeps): Command {
  return new Command('zero-shot')
    .description('Make a fusion bundle for any set of labels, without training: CLIP zero-shot.')
    .requiredOption('--labels <file>', 'one label a line, or paths like "A > B > C"; or google-taxonomy for the 5,582 categories of Google')
    .option('--encoder <bundle>', 'encoder bundle (default: the one of the deployment)')
    .requiredOption('--out <folder>', 'folder of the new bundle')
    .option('--task <name>', 'name of the task that the labels answer', parseTask, 'category')
    .option('--templates <file>', 'sentences to put the labels in, one a line, with {label} in each')
    .option('--scale <n>', 'what cosines are multiplied with (default: what the encoder was trained with, else 100)', parseScale)
    .option('--threshold <share>', 'give a label from this confidence on', parseThreshold, 0.5)
    .option(
      '--match-of <bundle>',
      'fusion bundle of the same encoder, to take from it how texts are noticed that do not belong to the image',
    )
    .option('--generation <n>', 'higher than that of the head it replaces', wholeNumber('--generation', 1), 1)
    .option('--threads <n>', 'threads within one operator', wholeNumber('--threads', 1, 256), 2)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
A file of paths is a taxonomy: levels without a line of their own are added, and listings are walked down it from the root. Lines that begin
with "#" are comments; where every line begins like "123 - ", those are ids, and labels carry them.
${examples(
  ['models zero-shot --labels shapes.txt --task shape --out models/shapes', 'a flat set of labels'],
  ['models zero-shot --labels google-taxonomy --out models/google', 'the Google product taxonomy'],
  ['run fusion', 'with FUSION_BUNDLE=models/google in the environment, serve it'],
)}`,
    )
    .action((flags: ZeroShotFlags) => runZeroShot(flags, deps));
}
