import { LabelstreamError } from '@labelstream/shared/errors';
import type { EnginePorts } from './types.js';

/** Tried first on a fresh data folder: beside the usual ports, so that a Kafka or Redis of the user's own is no obstacle. */
export const PREFERRED_PORTS: EnginePorts = { kafka: 19092, kafkaController: 19093, redisState: 16379, redisCache: 16380 };

/** Random ports stay below the ephemeral range of the usual systems (from 32768): no outgoing connection takes one between choice and use. */
const RANDOM_FROM = 20_000;
const RANDOM_TO = 32_000;
const RANDOM_TRIES = 200;

/** What decides the ports, strongest first. */
export interface PortRequest {
  /** Ports of servers that keep running; taken as they are. */
  readonly kept: Partial<EnginePorts>;
  /** Ports that the user asked for; it is an error if one is in use. */
  readonly configured: Partial<EnginePorts>;
  /** Ports of the last start, so that clients find the engine again. */
  readonly recorded: Partial<EnginePorts>;
  /** Whether to try the preferred ports; otherwise random ones. */
  readonly preferred: boolean;
}

/**
 * Chooses a free port for every server.
 * @param isFree whether nothing listens on 127.0.0.1:port.
 * @throws LabelstreamError CONFIG_INVALID where a configured port is in use, ENGINE_UNAVAILABLE where none is free.
 */
export async function choosePorts(
  request: PortRequest,
  isFree: (port: number) => Promise<boolean>,
  random: () => number = Math.random,
): Promise<EnginePorts> {
  const taken = new Set<number>(Object.values(request.kept));
  const usable = async (port: number) => !taken.has(port) && (await isFree(port));

  async function choose(name: keyof EnginePorts): Promise<number> {
    const kept = request.kept[name];
    if (kept !== undefined) return kept;
    const port = (await configured(name)) ?? (await wished(name)) ?? (await anyFree());
    taken.add(port);
    return port;
  }

  async function configured(name: keyof EnginePorts): Promise<number | undefined> {
    const port = request.configured[name];
    if (port === undefined || (await usable(port))) return port;
    throw new LabelstreamError('CONFIG_INVALID', `Port ${port}, configured for ${name}, is in use; end what uses it or configure another.`);
  }

  async function wished(name: keyof EnginePorts): Promise<number | undefined> {
    for (const port of [request.recorded[name], request.preferred ? PREFERRED_PORTS[name] : undefined]) {
      if (port !== undefined && (await usable(port))) return port;
    }
    return undefined;
  }

  async function anyFree(): Promise<number> {
    for (let i = 0; i < RANDOM_TRIES; i++) {
      const port = RANDOM_FROM + Math.floor(random() * (RANDOM_TO - RANDOM_FROM));
      if (await usable(port)) return port;
    }
    throw new LabelstreamError('ENGINE_UNAVAILABLE', `No free port between ${RANDOM_FROM} and ${RANDOM_TO} was found on 127.0.0.1.`);
  }

  return {
    kafka: await choose('kafka'),
    kafkaController: await choose('kafkaController'),
    redisState: await choose('redisState'),
    redisCache: await choose('redisCache'),
  };
}
