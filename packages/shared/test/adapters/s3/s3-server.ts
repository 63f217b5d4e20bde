import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort, installOnce, runCommand, startChildServer } from '../../servers/child-server.js';

const NAME = 'moto-5.2.5';
const PACKAGES = ['moto[s3]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5'];

async function installPackages(scratch: string): Promise<string> {
  const packages = join(scratch, 'packages');
  const pip = ['-m', 'pip', 'install', '-q', '--only-binary', ':all:', '--target', packages, ...PACKAGES];
  await runCommand('python3', pip, { env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' } });
  return packages;
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
  const packages = await installOnce(NAME, installPackages);
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const args = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)];
  const env = { PYTHONPATH: packages };
  const server = await startChildServer({ name: 'the S3 server', command: 'python3', args, env, readyUrl: endpoint });
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: CREDENTIALS });
  const put = async (bucket: string, key: string, body: Uint8Array) => {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  };
  const stop = async () => {
    client.destroy();
    await server.stop();
  };
  return { endpoint, put, stop };
}
