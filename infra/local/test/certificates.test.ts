import { X509Certificate } from 'node:crypto';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, it } from 'vitest';
import { createAuthority } from '../src/certificates.js';

const authority = createAuthority('test authority');
const server = authority.issue('a server', ['127.0.0.1', 'kafka.example']);

it('issues certificates for names and addresses, signed by the authority', () => {
  const ca = new X509Certificate(authority.certPem);
  const certificate = new X509Certificate(server.certPem);
  expect([ca.ca, certificate.ca]).toEqual([true, false]);
  expect([certificate.verify(ca.publicKey), ca.verify(ca.publicKey)]).toEqual([true, true]);
  expect(certificate.subjectAltName).toBe('IP Address:127.0.0.1, DNS:kafka.example');
  expect(certificate.subject).toBe('CN=a server');
});

it.each([
  ['the authority', authority.certPem, undefined],
  ['another authority of the same name', createAuthority('test authority').certPem, /^(SELF_SIGNED|UNABLE_TO)/],
])('is a certificate for TLS to whoever trusts %s, and to nobody else', async (_, ca, refusal) => {
  const listener = createServer({ cert: server.certPem, key: server.keyPem });
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done));
  const { port } = listener.address() as { port: number };
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca });
  const outcome = await new Promise<string | undefined>((done) => {
    socket.once('secureConnect', () => done(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => done(error.code));
  });
  if (refusal === undefined) expect(outcome).toBeUndefined();
  else expect(outcome).toMatch(refusal);
  socket.destroy();
  listener.close();
});
