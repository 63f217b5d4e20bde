import { join } from 'node:path';
import { readLocalConfig } from '@labelstream/local/config';

/** Where the command line keeps drawn and unpacked pictures: beside the local engine's data, ignored by git. */
export const dataFolder = ({ dataDir = readLocalConfig().dataDir }: { readonly dataDir?: string }) => join(dataDir, 'listings');

/** Where tars of pictures are unpacked. */
export const picturesFolder = (config: { readonly dataDir?: string }) => join(dataFolder(config), 'images');
