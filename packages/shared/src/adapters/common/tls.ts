import { readFileSync } from 'node:fs';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import { LabelstreamError } from '../../errors.js';

/** What a client needs for TLS beyond switching it on; PEM files. */
export interface TlsFiles {
  /** Authorities that are trusted in place of those that Node knows. */
  readonly caFile?: string | undefined;
  /** The client's own certificate and key, where the server asks for one. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** The name that the server's certificate must be for, where it is not the one it is reached by. */
  readonly serverName?: string | undefined;
}

/** What a connection takes as its `tls`, beyond whether there is any. */
export type TlsOptions = ConnectionOptions;

/** Settings of these names hold the files: `KAFKA_SSL_CA_FILE` and so on. */
export type TlsSettings = 'KAFKA_SSL' | 'REDIS_TLS';

/**
 * Reads the files, once: a process sees renewed ones after a restart.
 *
 * @throws CONFIG_INVALID naming the setting whose file cannot be read or is not what it should be
 */
export function readTls({ caFile, certFile, keyFile, serverName }: TlsFiles, settings: TlsSettings): TlsOptions {
  const ca = readPem(caFile, `${settings}_CA_FILE`, 'CERTIFICATE');
  const cert = readPem(certFile, `${settings}_CERT_FILE`, 'CERTIFICATE');
  const key = readPem(keyFile, `${settings}_KEY_FILE`, 'PRIVATE KEY');
  const options = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  try {
    createSecureContext(options);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LabelstreamError('CONFIG_INVALID', `the files of ${settings}_… do not fit together or cannot be used: ${why}`, {
      cause: error,
    });
  }
  return { ...options, ...(serverName !== undefined && { servername: serverName }) };
}

function readPem(path: string | undefined, setting: string, what: 'CERTIFICATE' | 'PRIVATE KEY'): Buffer | undefined {
  if (path === undefined) return undefined;
  try {
    const bytes = readFileSync(path);
    if (bytes.includes(`${what}-----`)) return bytes;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new LabelstreamError('CONFIG_INVALID', `${setting}: ${path} cannot be read (${code})`, { cause: error });
  }
  throw new LabelstreamError('CONFIG_INVALID', `${setting}: ${path} holds no PEM ${what.toLowerCase()}`);
}

/** Node's names for a server's certificate that is not accepted: those of OpenSSL's verification, and of the check of its host name. */
const UNTRUSTED =
  /^(?:SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_(?:GET|VERIFY)_\w+|CERT_\w+|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/;
/** What the server says of the client's certificate, for example that it asks for one. */
const REFUSED = /^ERR_SSL_\w*ALERT_\w*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)\w*$/;

/**
 * What to do about a failed TLS handshake that fails again until somebody changes a setting, by the code of Node's error; undefined for any
 * other error.
 */
export function tlsAdvice(code: unknown, settings: TlsSettings): string | undefined {
  if (typeof code !== 'string') return undefined;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the server's certificate is for another name; ${settings}_SERVER_NAME tells which`;
  if (code === 'CERT_HAS_EXPIRED') return "the server's certificate has expired";
  if (UNTRUSTED.test(code)) return `the server's certificate is not trusted; ${settings}_CA_FILE names the authority to trust`;
  if (REFUSED.test(code)) return `the server does not accept the client's certificate; see ${settings}_CERT_FILE`;
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'the server does not speak TLS on this port';
  return undefined;
}
