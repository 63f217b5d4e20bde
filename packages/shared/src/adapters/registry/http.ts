import { describeError, LabelstreamError } from '../../errors.js';
import type { SchemaRegistry } from '../../ports/schema-registry.js';

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';
const DEFAULT_TIMEOUT_MS = 10_000;

export interface HttpSchemaRegistryOptions {
  /** Base address of a Confluent-compatible API; user and password in it are sent as basic authentication. */
  readonly url: string;
  /** Of one request. */
  readonly timeoutMs?: number;
}

interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const unavailable = (message: string, cause?: unknown) => new LabelstreamError('SCHEMA_REGISTRY_UNAVAILABLE', message, { cause });

function parseUrl(url: string) {
  if (!URL.canParse(url)) throw new LabelstreamError('CONFIG_INVALID', 'the address of the schema registry is no URL');
  const { origin, pathname, username, password } = new URL(url);
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    base: `${origin}${pathname.replace(/\/+$/, '')}`,
    headers: username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
  };
}

async function readBody(response: Response): Promise<Reply['body']> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Reply['body']) : {};
  } catch {
    return {};
  }
}

/** What a registry says about a refusal. */
function reasonOf({ status, body }: Reply): string {
  return typeof body.message === 'string' ? `${status}: ${body.message.slice(0, 500)}` : String(status);
}

/** A registry over HTTP: Confluent's own, Apicurio (under /apis/ccompat/v7), Karapace or Redpanda. */
export function createHttpSchemaRegistry(options: HttpSchemaRegistryOptions): SchemaRegistry {
  const { base, headers } = parseUrl(options.url);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;

  async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Reply> {
    try {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: { ...headers, accept: `${MEDIA_TYPE}, application/json`, ...(body === undefined ? {} : { 'content-type': MEDIA_TYPE }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: response.status, body: await readBody(response) };
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? ` (${describeError(error.cause)})` : '';
      throw unavailable(`the schema registry at ${base} does not answer: ${describeError(error)}${cause}`, error);
    }
  }

  return {
    register: async (subject, schema) => {
      const reply = await call('POST', `/subjects/${encodeURIComponent(subject)}/versions`, { schemaType: 'AVRO', schema });
      if (reply.status === 200 && typeof reply.body.id === 'number') return reply.body.id;
      if (reply.status === 401 || reply.status === 403) {
        throw new LabelstreamError('CONFIG_INVALID', `the schema registry at ${base} refuses these credentials (${reply.status})`);
      }
      if (reply.status === 409 || reply.status === 422) {
        throw new LabelstreamError('SCHEMA_INCOMPATIBLE', `the schema registry refuses the schema of ${subject} (${reasonOf(reply)})`);
      }
      throw unavailable(`the schema registry cannot register ${subject} (${reasonOf(reply)})`);
    },
    schemaOf: async (id) => {
      const reply = await call('GET', `/schemas/ids/${id}`);
      // 400 and 422: not an id at all in the eyes of this registry. A message must not make its reader wait for that to change.
      if (reply.status === 400 || reply.status === 404 || reply.status === 422) return null;
      const { schema, schemaType = 'AVRO' } = reply.body;
      if (reply.status !== 200 || typeof schema !== 'string') {
        throw unavailable(`the schema registry cannot hand out schema ${id} (${reasonOf(reply)})`);
      }
      return schemaType === 'AVRO' ? schema : null;
    },
  };
}
