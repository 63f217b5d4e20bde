import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const instructions = read('infra/docker/Dockerfile')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(/\s+/));
const all = (name: string) => instructions.filter(([instruction]) => instruction === name).map(([, ...args]) => args);
const runtime = instructions.slice(instructions.findLastIndex(([name]) => name === 'FROM'));

describe('the image of the services', () => {
  it('is built from images with a full version', () => {
    const bases = all('FROM').filter(([image]) => !all('FROM').some(([, , stage]) => stage === image));
    expect(bases.length).toBeGreaterThan(0);
    for (const [image] of bases) expect(image).toMatch(/^node:\d+\.\d+\.\d+-bookworm-slim$/);
  });

  it('copies only what is there, and of every package that is installed its manifest', () => {
    const given = all('COPY').filter(([first]) => !first?.startsWith('--from='));
    const sources = given.flatMap((args) => args.slice(0, -1));
    expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const folders = ['packages', 'services'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`));
    const manifests = [...folders, 'infra/local'].map((folder) => `${folder}/package.json`).filter((path) => existsSync(join(root, path)));
    expect(sources).toEqual(expect.arrayContaining(manifests));
  });

  it('has the build of every program that Compose starts, and of what they import', () => {
    const built = all('COPY')
      .filter(([from]) => from === '--from=build')
      .map(([, source]) => source);
    for (const path of built) expect(existsSync(join(root, path!.replace('/app/', '').replace(/dist$/, 'src')))).toBe(true);
    const started = [...read('infra/docker/compose.yaml').matchAll(/command: \["(?<path>[^"]+)"\]/g)].map(({ groups }) => groups!.path!);
    const commands = [...new Set(started)];
    expect(commands).toHaveLength(5);
    for (const path of commands) {
      expect(existsSync(join(root, path.replace('/dist/', '/src/').replace(/\.js$/, '.ts'))), path).toBe(true);
      expect(built).toContain(`/app/${path.replace(/\/main\.js$/, '')}`);
    }
  });

  it('runs without root, without a shell, and with nothing of its own that it may change', () => {
    expect(runtime.filter(([name]) => name === 'USER')).toEqual([['USER', '1000:1000']]);
    // `[` begins the form that no shell reads.
    for (const name of ['RUN', 'CMD', 'ENTRYPOINT']) for (const [first] of all(name)) expect(first).toMatch(/^\[/);
    expect(read('infra/docker/Dockerfile')).not.toMatch(/^ADD|--chown|--chmod|curl|wget|apt-get/m);
    expect(runtime.some(([name]) => name === 'RUN')).toBe(false);
  });

  it('holds no secret, and its context no local file', () => {
    expect(read('infra/docker/Dockerfile')).not.toMatch(/PASSWORD|SECRET|TOKEN|ACCESS_KEY/);
    const ignored = read('infra/docker/Dockerfile.dockerignore').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['*', '**/node_modules', '**/dist', '**/.env*']));
    const given = all('COPY')
      .filter(([first]) => !first?.startsWith('--from='))
      .flatMap((args) => args.slice(0, -1));
    const allowed = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(given.filter((path) => !allowed.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)))).toEqual([]);
  });

  it('tells by Node alone whether the process is well', async () => {
    let status = 200;
    const server = createServer((_, response) => response.writeHead(status).end());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const check = async () => {
      const [code] = await once(spawn(process.execPath, [join(root, 'infra/docker/healthcheck.mjs'), String(port)]), 'exit');
      return code;
    };
    expect(await check()).toBe(0);
    status = 503;
    expect(await check()).toBe(1);
    server.close();
    server.closeAllConnections();
    expect(await check()).toBe(1);
  }, 60_000);
});

describe('the services in Compose', () => {
  const compose = read('infra/docker/compose.yaml');

  it.each([
    'user: "1000:1000"',
    'read_only: true',
    'cap_drop: [ALL]',
    'security_opt: ["no-new-privileges:true"]',
    'tmpfs: ["/tmp:size=64m,noexec,nosuid,nodev"]',
    'pids_limit: 256',
  ])('have all %s', (setting) => {
    const anchor = compose.slice(compose.indexOf('x-service: &service'), compose.indexOf('\nservices:'));
    expect(anchor).toContain(`\n  ${setting}\n`);
    const services = compose
      .slice(compose.indexOf('\nservices:'))
      .split(/\n {2}(?=[\w-]+:\n)/)
      .slice(1);
    expect(services).toHaveLength(8);
    for (const service of services) expect(service).toContain('<<: *service');
    expect(compose).not.toMatch(/privileged: true|cap_add|network_mode: host|docker\.sock|volumes:/);
  });
});
