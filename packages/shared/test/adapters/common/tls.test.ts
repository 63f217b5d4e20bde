import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../../../../../infra/local/src/certificates.js';
import { readTls, tlsAdvice } from '../../../src/adapters/common/tls.js';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-tls-'));
  const authority = createAuthority('test');
  const [client, other] = [authority.issue('client'), authority.issue('other')];
  const files = {
    'ca.pem': authority.certPem,
    'cert.pem': client.certPem,
    'key.pem': client.keyPem,
    'other.pem': other.keyPem,
    'text.pem': 'x',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(at(name), content);
});
afterAll(() => rm(folder, { recursive: true }));

describe('the files of TLS', () => {
  it('are read as a client takes them', () => {
    const options = readTls({ caFile: at('ca.pem'), certFile: at('cert.pem'), keyFile: at('key.pem'), serverName: 'kafka' }, 'KAFKA_SSL');
    expect(Object.keys(options)).toEqual(['ca', 'cert', 'key', 'servername']);
    expect(readTls({}, 'KAFKA_SSL')).toEqual({});
  });

  it.each([
    ['a file that is not there', { caFile: 'none.pem' }, /KAFKA_SSL_CA_FILE: .*none\.pem cannot be read \(ENOENT\)/],
    ['a file that holds something else', { certFile: 'text.pem' }, /KAFKA_SSL_CERT_FILE: .* holds no PEM certificate/],
    ['a certificate in place of a key', { keyFile: 'cert.pem' }, /KAFKA_SSL_KEY_FILE: .* holds no PEM private key/],
    ['a key of another certificate', { certFile: 'cert.pem', keyFile: 'other.pem' }, /do not fit together/],
  ])('are refused for %s, naming the setting', (_, files, message) => {
    const paths = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, at(file)]));
    expect(() => readTls(paths, 'KAFKA_SSL')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });
});

it.each([
  ['SELF_SIGNED_CERT_IN_CHAIN', /REDIS_TLS_CA_FILE/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /REDIS_TLS_CA_FILE/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /REDIS_TLS_SERVER_NAME/],
  ['CERT_HAS_EXPIRED', /expired/],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', /REDIS_TLS_CERT_FILE/],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /REDIS_TLS_CERT_FILE/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', /does not speak TLS/],
])('advises what to do about %s', (code, advice) => {
  expect(tlsAdvice(code, 'REDIS_TLS')).toMatch(advice);
});

it.each(['ECONNREFUSED', 'ECONNRESET', 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', undefined, 5])(
  'has no advice for %s, which may pass',
  (code) => {
    expect(tlsAdvice(code, 'REDIS_TLS')).toBeUndefined();
  },
);
