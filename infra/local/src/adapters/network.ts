import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { EnginePart } from '../types.js';
import { brokersOfMetadata, isPong, isWholeResponse, metadataRequest, REDIS_PING } from '../wire.js';

const HOST = '127.0.0.1';
const PROBE_TIMEOUT_MS = 2_000;
const FREE_POLL_MS = 50;

/** Whether nothing listens on 127.0.0.1:port and it may be bound. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: HOST, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Whether the port is free, or becomes free in time. */
export async function becomesFree(port: number, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (!(await isPortFree(port))) {
    if (Date.now() >= deadline) return false;
    await sleep(FREE_POLL_MS);
  }
  return true;
}

/** Sends `request` and collects bytes until `isComplete`; null when the peer is not there, hangs up or is too slow. */
function exchange(port: number, request: Buffer, isComplete: (received: Buffer) => boolean): Promise<Buffer | null> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = connect({ host: HOST, port, timeout: PROBE_TIMEOUT_MS });
    const finish = (result: Buffer | null) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (isComplete(received)) finish(received);
    });
    socket.once('timeout', () => finish(null));
    socket.once('error', () => finish(null));
    socket.once('close', () => finish(null));
  });
}

let correlationId = 0;

async function isKafkaReady(port: number): Promise<boolean> {
  const id = ++correlationId;
  const response = await exchange(port, metadataRequest(id), isWholeResponse);
  return response !== null && brokersOfMetadata(response, id).some((broker) => broker.port === port);
}

async function isRedisReady(port: number): Promise<boolean> {
  const response = await exchange(port, REDIS_PING, (received) => received.includes('\r\n'));
  return response !== null && isPong(response);
}

/** Whether a part answers a real request of its protocol: Kafka announces itself as an unfenced broker, Redis says PONG. */
export function isReady(part: EnginePart, port: number): Promise<boolean> {
  return part === 'kafka' ? isKafkaReady(port) : isRedisReady(port);
}

/** Whether a server shows a certificate of this authority on 127.0.0.1:port. */
export function answersTls(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: HOST, port, ca, timeout: PROBE_TIMEOUT_MS });
    const finish = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.once('secureConnect', () => finish(true));
    for (const event of ['timeout', 'error', 'close']) socket.once(event, () => finish(false));
  });
}
