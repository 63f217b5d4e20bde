import { join } from 'node:path';
import type { CliConfig } from '../config.js';

/** Where the command line keeps drawn and unpacked pictures: beside the local engine's data, ignored by git. */
export const dataFolder = ({ dataDir, repositoryRoot }: Pick<CliConfig, 'dataDir' | 'repositoryRoot'>) =>
  join(dataDir ?? join(repositoryRoot, '.labelstream'), 'listings');
