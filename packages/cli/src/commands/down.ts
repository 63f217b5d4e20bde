import { engineStatus, stopEngine } from '@labelstream/local/engine';
import { servicesStatus } from '@labelstream/local/services';
import { Command } from 'commander';
import { type CommandDeps, dataDirOption, examples } from '../command.js';
import { stopStages } from '../pipeline/stage-processes.js';

interface DownOptions {
  readonly dataDir: string;
  readonly json?: boolean;
}

/** `labelstream down`: ends everything that was started in a data folder, the services first, so that they can still commit. */
export function downCommand(deps: CommandDeps): Command {
  return new Command('down')
    .description('Stop the services and the engine of this machine; data, ports and logs are kept for the next start.')
    .addOption(dataDirOption(deps.config))
    .option('--json', 'print one JSON document')
    .addHelpText('after', examples(['down', 'stop everything that "labelstream up" or a demo has started']))
    .action((options: DownOptions) => down(options, deps));
}

async function down({ dataDir, json }: DownOptions, { output }: CommandDeps): Promise<void> {
  const services = await servicesStatus(dataDir);
  const { kind, parts } = await engineStatus(dataDir);
  const stopped = [...services, ...parts.map(({ part, alive }) => ({ name: part, alive }))]
    .filter(({ alive }) => alive)
    .map(({ name }) => name);
  if (services.length > 0) output.note(`stopping ${services.map(({ name }) => name).join(', ')}`);
  await stopStages(
    dataDir,
    services.map(({ name }) => name),
    output.note,
  );
  await stopEngine(dataDir, output.note);
  if (json) await output.printJson({ engine: kind, stopped });
  else await output.print(stopped.length === 0 ? 'Nothing was running.' : `Stopped: ${stopped.join(', ')}.`);
}
