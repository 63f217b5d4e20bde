import { freeDiskBytes } from './adapters/disk.js';
import { dockerVersion } from './adapters/docker.js';
import { findTools } from './adapters/machine.js';
import { isPortFree } from './adapters/network.js';
import { isAlive } from './adapters/process.js';
import { readState } from './adapters/state-file.js';
import { readLocalConfig } from './config.js';
import { type DoctorCheck, diagnose } from './diagnosis.js';
import { PREFERRED_PORTS } from './ports.js';

/** Looks at this machine and says what is well and what to do. Starts and installs nothing. */
export async function doctor(dataDir?: string): Promise<DoctorCheck[]> {
  const config = readLocalConfig();
  const folder = dataDir ?? config.dataDir;
  const [tools, docker, diskBytes, { engine }] = await Promise.all([
    findTools(config),
    dockerVersion(),
    freeDiskBytes(folder),
    readState(folder),
  ]);
  const alive = await Promise.all(Object.values(engine?.processes ?? {}).map(isAlive));
  const isOurs = alive.includes(true) || engine?.kind === 'docker';
  const ports = await Promise.all(
    Object.entries(engine?.ports ?? PREFERRED_PORTS).map(async ([name, port]) => ({
      name,
      port,
      usable: isOurs || (await isPortFree(port)),
    })),
  );
  return diagnose({ ...tools, nodeVersion: process.versions.node, docker, ports, freeDiskBytes: diskBytes });
}
