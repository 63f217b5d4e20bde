import type { DoctorCheck } from '@labelstream/local/diagnosis';
import { doctor } from '@labelstream/local/doctor';
import { Command } from 'commander';
import { type CommandDeps, dataDirOption, examples } from '../command.js';
import { checkBundles } from '../doctor/bundles.js';
import { checkTopics } from '../doctor/topics.js';
import { type Output, renderTable } from '../output.js';

interface DoctorOptions {
  readonly dataDir: string;
  readonly json?: boolean;
}

/** `labelstream doctor`: what this machine has, what is missing, and what to do about it. */
export function doctorCommand(deps: CommandDeps): Command {
  return new Command('doctor')
    .description('Check this machine, the model bundles and the topics, and say what to do; exit code 1 when something needed is missing.')
    .addOption(dataDirOption(deps.config))
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples(['doctor', 'starts nothing and installs nothing']))
    .action((options: DoctorOptions) => runDoctor(options, deps));
}

async function runDoctor({ dataDir, json }: DoctorOptions, { config, output, markFailed }: CommandDeps): Promise<void> {
  const checks = [...(await doctor(dataDir)), ...(await checkBundles(config)), await checkTopics(config, dataDir)];
  const ok = checks.every((check) => check.ok || !check.required);
  if (!ok) markFailed();
  if (json) await output.printJson({ ok, checks });
  else await output.print(doctorText(checks, ok, output));
}

function doctorText(checks: readonly DoctorCheck[], ok: boolean, { paint }: Output): string {
  const word = (check: DoctorCheck) => (check.ok ? paint.green('ok') : check.required ? paint.red('missing') : paint.yellow('note'));
  const rows = checks.map((check) => [check.name, word(check), check.found]);
  const advice = checks.flatMap(({ name, advice }) => (advice === undefined ? [] : [`${name}: ${advice}.`]));
  return [
    renderTable([{ title: 'check' }, { title: '' }, { title: 'found' }], rows),
    ...(advice.length === 0 ? [] : ['', 'What to do:', ...advice.map((line) => `  ${line}`)]),
    '',
    ok ? paint.green('Everything that is needed is there.') : paint.red('Something that is needed is missing.'),
  ].join('\n');
}
