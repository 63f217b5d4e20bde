import { once } from 'node:events';
import { connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';

export interface TlsProxyOptions {
  /** Where TLS is spoken, on 127.0.0.1. */
  readonly port: number;
  /** Where the server behind it listens. */
  readonly to: number;
  readonly cert: string;
  readonly key: string;
}

/** Ends TLS in front of a server that speaks none. */
export async function startTlsProxy({ port, to, cert, key }: TlsProxyOptions): Promise<{ close(): void }> {
  const open = new Set<TLSSocket>();
  const server = createServer({ cert, key }, (client) => {
    const behind = connect({ host: '127.0.0.1', port: to });
    const end = () => {
      open.delete(client);
      client.destroy();
      behind.destroy();
    };
    open.add(client);
    for (const socket of [client, behind]) socket.on('error', end).on('close', end);
    client.pipe(behind).pipe(client);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    close() {
      for (const client of open) client.destroy();
      server.close();
    },
  };
}
