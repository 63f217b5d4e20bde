import { Command, Option } from 'commander';
import { type CommandFactory, dataDirOption, examples, wholeNumber } from '../command.js';
import type { ExplainFlags } from '../explain/run.js';

/** `labelstream explain`: why a listing has its labels, and what each word of its text looks at. */
export const explainCommand: CommandFactory = (deps) =>
  new Command('explain')
    .description('Say why a listing has its labels: modality weights, next best labels, and per word of its text a map over its picture.')
    .argument('[product-id]', 'a product whose labels were published')
    .option('--title <text>', 'the text of a listing of your own, labelled in this process without Kafka')
    .option('--image <file>', 'its picture: a path, or a URI (file, https, s3, data)')
    .addOption(
      new Option(
        '--method <method>',
        'attention: what the head looks at; occlusion: what the match of picture and word depends on',
      ).choices(['attention', 'occlusion']),
    )
    .option('--out <path>', 'draw the maps: one sheet where it ends in .png, else one file per word in that folder')
    .option('--encoder <bundle>', 'encoder bundle (default: ENCODER_BUNDLE)')
    .option('--fusion <bundle>', 'fusion bundle (default: the active one of the deployment; where it cannot be asked, FUSION_BUNDLE)')
    .option('--threads <n>', 'threads within one operator', wholeNumber('--threads', 1, 256), 2)
    .addOption(dataDirOption(deps.config))
    .option('--json', 'print one JSON document with all numbers')
    .addHelpText(
      'after',
      examples(
        ['explain 10000 --out explain.png', 'a product of the pipeline, with its maps on one sheet'],
        ['explain --title "Puma Men Black Shoes" --image shoes.jpg', 'a listing of your own'],
        ['explain 10000 --method occlusion --out maps/', 'the other kind of map, one file per word'],
      ),
    )
    .addHelpText('after', '\nHow to read the maps, and how far to trust them: docs/explain.md\n')
    .action(async (productId: string | undefined, flags: ExplainFlags) => {
      const { runExplain } = await import('../explain/run.js');
      await runExplain(productId, flags, deps);
    });
