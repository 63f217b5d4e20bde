import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate and its private key (PKCS #8), both PEM. */
export interface Certificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A certificate authority that lives as long as this process. */
export interface Authority {
  readonly certPem: string;
  /** A certificate for `hosts` (names and IPv4 addresses), which a server shows, or for a client, which has none. Valid for a day. */
  issue(commonName: string, hosts?: readonly string[]): Certificate;
}

const DAY_MS = 86_400_000;

/** Tags of ASN.1's distinguished encoding (X.690). */
const TAG = { boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, utcTime: 0x17, sequence: 0x30, set: 0x31 };

/** Object identifiers, encoded. */
const OID = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  basicConstraints: [0x55, 0x1d, 0x13],
  subjectAltName: [0x55, 0x1d, 0x11],
};

function lengthOf(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  const bytes = Buffer.from(size.toString(16).padStart(size > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

function der(tag: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

const SIGNATURE_ALGORITHM = der(TAG.sequence, der(TAG.oid, OID.ecdsaWithSha256));
const nameOf = (commonName: string) =>
  der(TAG.sequence, der(TAG.set, der(TAG.sequence, der(TAG.oid, OID.commonName), der(TAG.utf8, Buffer.from(commonName)))));

/** `YYMMDDHHMMSSZ` */
const utcTime = (timeMs: number) => der(TAG.utcTime, Buffer.from(`${new Date(timeMs).toISOString().replace(/\D/g, '').slice(2, 14)}Z`));

const AUTHORITY_EXTENSION = der(
  TAG.sequence,
  der(TAG.oid, OID.basicConstraints),
  der(TAG.boolean, [0xff]),
  der(TAG.octets, der(TAG.sequence, der(TAG.boolean, [0xff]))),
);

function hostsExtension(hosts: readonly string[]): Buffer {
  const names = hosts.map((host) => (isIPv4(host) ? der(0x87, host.split('.').map(Number)) : der(0x82, Buffer.from(host))));
  return der(TAG.sequence, der(TAG.oid, OID.subjectAltName), der(TAG.octets, der(TAG.sequence, ...names)));
}

interface CertificateContent {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** An X.509 version 3 certificate (RFC 5280) as PEM. */
function certificatePem({ subject, issuer, publicKey, extensions }: CertificateContent, issuerKey: KeyObject): string {
  const now = Date.now();
  const content = der(
    TAG.sequence,
    der(0xa0, der(TAG.integer, [2])),
    // The leading bit of an integer is its sign.
    der(TAG.integer, [0x01], randomBytes(12)),
    SIGNATURE_ALGORITHM,
    nameOf(issuer),
    der(TAG.sequence, utcTime(now - DAY_MS), utcTime(now + DAY_MS)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [der(0xa3, der(TAG.sequence, ...extensions))]),
  );
  const signature = sign('sha256', content, issuerKey);
  const whole = der(TAG.sequence, content, SIGNATURE_ALGORITHM, der(TAG.bits, [0], signature));
  const lines = whole.toString('base64').replace(/(.{64})/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${lines.trimEnd()}\n-----END CERTIFICATE-----\n`;
}

const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

/**
 * Makes a certificate authority for secured test servers. Written here, because neither Node nor a bare JDK makes certificates whose key
 * other programs can read, and openssl may not be installed.
 */
export function createAuthority(commonName: string): Authority {
  const { publicKey, privateKey } = keyPair();
  // Authorities of the same name are told apart, as a client that trusts another one would otherwise see a bad signature.
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 8);
  const issuer = `${commonName} ${id}`;
  const own = { subject: issuer, issuer, publicKey, extensions: [AUTHORITY_EXTENSION] };
  return {
    certPem: certificatePem(own, privateKey),
    issue(subject, hosts = []) {
      const pair = keyPair();
      const extensions = hosts.length === 0 ? [] : [hostsExtension(hosts)];
      return {
        certPem: certificatePem({ subject, issuer, publicKey: pair.publicKey, extensions }, privateKey),
        keyPem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}
