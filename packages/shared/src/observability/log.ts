import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { isSecretName, redactUrls } from '../config.js';

/** Query parameters that are credentials by themselves: pre-signed URLs and access tokens. */
const URL_SIGNATURE =
  /([?&](?:x-amz-signature|x-amz-security-token|x-amz-credential|signature|sig|token|access_token|password|secret|api_?key)=)[^&\s"]+/gi;

export interface LogOptions {
  readonly name: string;
  readonly level: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/** A logger that writes one JSON object per line and lets no secret through: neither by its key, nor inside a URL. */
export function createLog({ name, level, destination = process.stdout }: LogOptions): Logger {
  const redacting: DestinationStream = { write: (line) => destination.write(redactText(line)) };
  return pino(
    { name, level, timestamp: stdTimeFunctions.isoTime, formatters: { log: redactKeys, level: (label) => ({ level: label }) } },
    redacting,
  );
}

/** Text without credentials in its URLs. */
export const redactText = (text: string): string => redactUrls(text).replace(URL_SIGNATURE, '$1***');

const MAX_DEPTH = 4;

function redactKeys(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => {
      if (isSecretName(key)) return [key, '***'];
      return [key, depth < MAX_DEPTH && isPlainObject(value) ? redactKeys(value, depth + 1) : value];
    }),
  );
}

/** Errors and class instances are left to pino's serializers. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
