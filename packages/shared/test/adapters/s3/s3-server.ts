import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../../../../..');
const NAME = 'moto-5.2.5';
const PACKAGES = ['moto[s3]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5'];
const START_TIMEOUT_MS = 60_000;

/** Beside the local engine's downloads, so that a machine fetches it once. */
const artifacts = () => process.env.LABELSTREAM_ARTIFACTS_DIR || join(ROOT, '.labelstream', 'artifacts');

/** Installs the server's Python packages unless they are there; the folder appears only when it is whole. */
async function install(): Promise<string> {
  const folder = join(artifacts(), NAME);
  if (existsSync(folder)) return folder;
  mkdirSync(artifacts(), { recursive: true });
  const scratch = mkdtempSync(join(artifacts(), 'moto-'));
  try {
    const pip = ['-m', 'pip', 'install', '-q', '--only-binary', ':all:', '--target', join(scratch, 'packages'), ...PACKAGES];
    await run('python3', pip, { env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' } });
    // Another run may have been faster.
    if (!existsSync(folder)) renameSync(join(scratch, 'packages'), folder);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

async function untilReady(url: string, server: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`the S3 server ended with ${server.exitCode}:\n${output()}`);
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`the S3 server does not answer:\n${output()}`);
}

/** A real S3 server on a free port of 127.0.0.1, everything in memory. */
export interface S3Server {
  readonly endpoint: string;
  /** Stores an object, making its bucket first. */
  put(bucket: string, key: string, body: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

/** Any credentials do. */
export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

/** Starts moto's S3, installing it first where necessary; needs Python 3.11 with pip. */
export async function startS3Server(): Promise<S3Server> {
  const packages = await install();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: packages },
  });
  let output = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (output = `${output}${chunk}`.slice(-4000)));
  const ended = new Promise<void>((done) => server.once('exit', () => done()));
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: CREDENTIALS });
  const stop = async () => {
    client.destroy();
    server.kill('SIGKILL');
    await ended;
  };
  try {
    await untilReady(endpoint, server, () => output);
  } catch (error) {
    await stop();
    throw error;
  }
  const put = async (bucket: string, key: string, body: Uint8Array) => {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  };
  return { endpoint, put, stop };
}
