import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { readLocalConfig } from '@labelstream/local/config';
import { Command } from 'commander';
import { commitOf } from '../bench/commit.js';
import { type CommandDeps, type CommandFactory, examples, wholeNumber } from '../command.js';
import { commandLog } from '../log.js';
import { bundleFolder } from '../models/reference.js';

interface BenchFlags {
  readonly threads: number;
  readonly seconds: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** `labelstream bench`: figures as ratios of one run. */
export const benchCommand: CommandFactory = (deps) => {
  const bench = new Command('bench').description('Measure the services; figures are ratios within one run, since machines are noisy.');
  bench
    .command('encoder')
    .description('Encoder service through Kafka and Redis ÷ a bare ONNX Runtime loop with as many threads.')
    .option('--threads <n>', 'threads within one operator, for both', wholeNumber('--threads', 1, 256), 1)
    .option('--seconds <n>', 'about how long the service is measured', wholeNumber('--seconds', 5, 3600), 20)
    .option('--out <file>', 'also store the result, with commit and machine')
    .option('--json', 'end with one JSON line on stdout')
    .addHelpText(
      'after',
      examples(['bench encoder', 'how much of ONNX Runtime the service keeps'], ['bench encoder --threads 2 --json', 'for machines']),
    )
    .action((flags: BenchFlags) => encoder(flags, deps));
  return bench;
};

async function encoder({ threads, seconds, out, json }: BenchFlags, { config, output, signal }: CommandDeps): Promise<void> {
  const { benchEncoder } = await import('../bench/encoder.js');
  const report = await benchEncoder({
    repositoryRoot: config.repositoryRoot,
    dataDir: config.dataDir ?? readLocalConfig().dataDir,
    encoderBundle: await bundleFolder(config.encoderBundle, config),
    threads,
    seconds,
    log: output.note,
    logger: commandLog(config.env),
    signal,
  });
  if (out !== undefined) {
    const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
    await mkdir(dirname(out), { recursive: true });
    await writeFile(
      out,
      `${JSON.stringify({ bench: 'encoder', at: new Date().toISOString(), gitSha: await commitOf(config.repositoryRoot), ...machine, ...report }, null, 2)}\n`,
    );
  }
  if (json === true) return output.printJson(report);
  const { before, after, batchSize } = report.bareListingsPerSecond;
  await output.print(
    `encoder service ${report.serviceListingsPerSecond} listings/s ÷ bare loop ${before} and ${after} listings/s (batch size ${batchSize}, ${threads} thread${threads === 1 ? '' : 's'}) = ${report.encoderOverBare}`,
  );
}
