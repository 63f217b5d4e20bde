import { describe, expect, it } from 'vitest';
import { choosePorts, type PortRequest, PREFERRED_PORTS } from '../src/ports.js';

const request = (given: Partial<PortRequest> = {}): PortRequest => ({ kept: {}, configured: {}, recorded: {}, preferred: true, ...given });
const allFree = async () => true;
const busy =
  (...ports: number[]) =>
  async (port: number) =>
    !ports.includes(port);

describe('choosePorts', () => {
  it('takes the preferred ports on a fresh folder', async () => {
    expect(await choosePorts(request(), allFree)).toEqual(PREFERRED_PORTS);
  });

  it('takes the ports of the last start before the preferred ones', async () => {
    const recorded = { kafka: 21_000, redisState: 21_001 };
    expect(await choosePorts(request({ recorded }), allFree)).toEqual({ ...PREFERRED_PORTS, ...recorded });
  });

  it('goes to a random port below the ephemeral range where the wished one is in use', async () => {
    const ports = await choosePorts(request(), busy(PREFERRED_PORTS.kafka), () => 0.5);
    expect(ports).toEqual({ ...PREFERRED_PORTS, kafka: 26_000 });
  });

  it('never gives one port to two servers', async () => {
    const draws = [0, 0, 0.1, 0.1, 0.2, 0.3];
    const ports = await choosePorts(request({ preferred: false }), allFree, () => draws.shift() ?? 0.9);
    expect(new Set(Object.values(ports)).size).toBe(4);
  });

  it('leaves the port of a server that keeps running alone, though it is not free', async () => {
    const kept = { redisCache: PREFERRED_PORTS.redisCache };
    expect(await choosePorts(request({ kept }), busy(kept.redisCache))).toEqual(PREFERRED_PORTS);
  });

  it('refuses a configured port that is in use, by name', async () => {
    const choosing = choosePorts(request({ configured: { kafka: 9092 } }), busy(9092));
    await expect(choosing).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('9092, configured for kafka'),
    });
  });

  it('gives up with an error where no port is free', async () => {
    await expect(choosePorts(request(), async () => false)).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});
