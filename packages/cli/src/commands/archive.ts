import { Command } from 'commander';
import { type ArchiveFlags, listArchive, runCompact, runPrune, runVerify } from '../archive/run.js';
import { type CommandDeps, examples, wholeNumber } from '../command.js';

const MIB = 1024 * 1024;

/** `labelstream archive list|verify|compact|prune`: archived token sequences. */
export function archiveCommand(deps: CommandDeps): Command {
  return new Command('archive')
    .description('See, check and tidy the archive of token sequences.')
    .addCommand(
      withPlace('list', 'List the encoders of the archive: dates, objects, listings, size.').action((flags: ArchiveFlags) =>
        listArchive(flags, deps),
      ),
    )
    .addCommand(
      withPlace('verify', 'Read every object and compare it with its index; exit code 1 when one is not whole.').action(
        (flags: ArchiveFlags) => runVerify(flags, deps),
      ),
    )
    .addCommand(compactCommand(deps))
    .addCommand(pruneCommand(deps))
    .addHelpText(
      'after',
      `\nThe archive is that of TOKEN_ARCHIVE, S3 is reached as S3_ENDPOINT, S3_REGION and AWS_* say.\n${examples(
        ['archive list', 'what is there'],
        ['archive compact', 'put small objects together, drop what was deleted or archived twice'],
        ['archive prune --older-than 180 --dry-run', 'what would go'],
      )}`,
    );
}

function withPlace(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--archive <place>', 's3://bucket/prefix or a folder (default: TOKEN_ARCHIVE)')
    .option('--encoder <id>', 'only what this encoder made (default: every encoder)')
    .option('--json', 'print one JSON document an encoder');
}

function compactCommand(deps: CommandDeps): Command {
  return withPlace('compact', 'Put small objects together, without deleted listings, and what was archived again or twice.')
    .option('--target-mib <n>', 'size of the new objects, at most', wholeNumber('--target-mib', 1, 1024), 64)
    .option('--min-age-minutes <n>', 'leave objects alone that were begun since', wholeNumber('--min-age-minutes', 0), 60)
    .option('--dry-run', 'only say what would be done')
    .action(({ targetMib, minAgeMinutes, ...flags }: ArchiveFlags & { targetMib: number; minAgeMinutes: number }) =>
      runCompact({ ...flags, targetBytes: targetMib * MIB, minAgeMs: minAgeMinutes * 60_000 }, deps),
    );
}

function pruneCommand(deps: CommandDeps): Command {
  return withPlace('prune', 'Remove what is old, and what was never finished.')
    .option('--older-than <days>', 'remove objects of earlier dates (default: none)', wholeNumber('--older-than', 0))
    .option('--unfinished-hours <n>', 'remove halves of objects that are older', wholeNumber('--unfinished-hours', 1), 24)
    .option('--dry-run', 'only say what would be removed')
    .action(({ olderThan, unfinishedHours, ...flags }: ArchiveFlags & { olderThan?: number; unfinishedHours: number }) =>
      runPrune(
        { ...flags, unfinishedAgeMs: unfinishedHours * 3_600_000, ...(olderThan === undefined ? {} : { olderThanDays: olderThan }) },
        deps,
      ),
    );
}
