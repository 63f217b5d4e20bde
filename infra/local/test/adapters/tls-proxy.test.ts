import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { answersTls } from '../../src/adapters/network.js';
import { startTlsProxy } from '../../src/adapters/tls-proxy.js';
import { createAuthority } from '../../src/certificates.js';

it('speaks TLS for a server that does not, to whoever trusts its authority', async () => {
  const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  const taken = createServer().listen(0, '127.0.0.1');
  await Promise.all([once(echo, 'listening'), once(taken, 'listening')]);
  const { port } = taken.address() as AddressInfo;
  await new Promise((done) => taken.close(done));

  const authority = createAuthority('test');
  const { certPem: cert, keyPem: key } = authority.issue('server', ['127.0.0.1']);
  const proxy = await startTlsProxy({ port, to: (echo.address() as AddressInfo).port, cert, key });
  const client = connect({ host: '127.0.0.1', port, ca: authority.certPem });
  client.write('there and back');
  const [answer] = (await once(client, 'data')) as [Buffer];
  expect(answer.toString()).toBe('there and back');
  expect(await answersTls(port, createAuthority('another').certPem)).toBe(false);

  const ended = once(client, 'close');
  proxy.close();
  await ended;
  expect(await answersTls(port, authority.certPem)).toBe(false);
  echo.close();
});
