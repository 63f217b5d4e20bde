import { describe, expect, it } from 'vitest';
import { diagnose, type MachineFacts, requireTools } from '../src/diagnosis.js';

const well: MachineFacts = {
  nodeVersion: '20.19.0',
  java: { path: '/usr/bin/java', version: '17.0.1', major: 17 },
  maven: '/usr/bin/mvn',
  hasJars: false,
  redis: { path: '/usr/bin/redis-server', version: '7.0.15' },
  redisInstallers: [],
  docker: null,
  ports: [{ name: 'kafka', port: 19_092, usable: true }],
  freeDiskBytes: 50 * 1024 ** 3,
};
const bare = { java: null, maven: null, redis: null };
const failing = (facts: Partial<MachineFacts>) => diagnose({ ...well, ...facts }).filter(({ ok, required }) => required && !ok);

describe('diagnose', () => {
  it('finds nothing wrong with a machine that has all for native processes', () => {
    expect(failing({})).toEqual([]);
  });

  it.each([
    [{ nodeVersion: '20.18.3' }, 'node', '20.19'],
    [{ java: null }, 'java', 'JDK 17'],
    [{ java: { path: '/j', version: '11.0.2', major: 11 } }, 'java', 'JDK 17'],
    [{ maven: null }, 'maven', 'install Maven'],
    [{ redis: null }, 'redis-server', 'install Redis'],
    [{ freeDiskBytes: 1024 ** 3 }, 'disk', 'free 2 GiB'],
  ])('says what to do about %j', (facts, name, advice) => {
    expect(failing(facts)).toEqual([expect.objectContaining({ name, advice: expect.stringContaining(advice) })]);
  });

  it('asks for no Java, Maven or Redis where Docker answers', () => {
    expect(failing({ ...bare, docker: '28.2.2' })).toEqual([]);
  });

  it('asks for no Maven once the jars are there, and for no Redis that can be installed', () => {
    expect(failing({ maven: null, hasJars: true, redis: null, redisInstallers: ['wheel'] })).toEqual([]);
  });

  it('names the ports that others use, which is no obstacle', () => {
    const ports = [{ name: 'kafka', port: 19_092, usable: false }];
    expect(failing({ ports })).toEqual([]);
    expect(diagnose({ ...well, ports }).find(({ name }) => name === 'ports')).toMatchObject({
      ok: false,
      found: expect.stringContaining('19092 (kafka)'),
    });
  });

  it('takes newer major versions of Node', () => {
    expect(failing({ nodeVersion: '24.0.0' })).toEqual([]);
  });
});

describe('requireTools', () => {
  it('gives the Java to run where all is there', () => {
    expect(requireTools(well).java.path).toBe('/usr/bin/java');
  });

  it('says all that is missing in one sentence', () => {
    const message = expect.stringMatching(
      /^The native engine cannot be started without java: [^.]*JDK 17[^.]*; maven: [^.]*; redis-server: .*\.$/,
    );
    expect(() => requireTools({ ...well, ...bare })).toThrowError(expect.objectContaining({ code: 'ENGINE_UNAVAILABLE', message }));
  });
});
