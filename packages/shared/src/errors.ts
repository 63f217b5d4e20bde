/**
 * Every error code of Labelstream, closed. `retriable` says whether the same call can succeed later without anybody changing the input;
 * `what` is one sentence for the generated reference and for operators.
 */
export const ERROR_CODES = {
  // Input: the listing or its event is at fault. Never retriable; ends in a dead letter or in a modality's state.
  EVENT_NOT_DECODABLE: { retriable: false, what: 'The message is neither Avro of a known schema nor JSON.' },
  EVENT_INVALID: { retriable: false, what: 'The event decodes, but a field is missing, of the wrong type or out of range.' },
  EVENT_NO_PRODUCT_ID: { retriable: false, what: 'The event has no product id, so it belongs to no listing.' },
  EVENT_UNKNOWN_OP: { retriable: false, what: 'The event asks for an operation other than UPSERT or DELETE.' },
  EVENT_TOO_LARGE: { retriable: false, what: 'The message is larger than the configured limit.' },
  EVENT_EMPTY: { retriable: false, what: 'The listing has neither a text nor an image to label it from.' },
  TEXT_TOO_LARGE: { retriable: false, what: 'The text is larger than the configured limit; the listing is labelled from its image.' },
  IMAGE_URI_INVALID: { retriable: false, what: 'The image URI cannot be parsed or has a scheme that is not allowed.' },
  IMAGE_URI_FORBIDDEN: { retriable: false, what: 'The image URI points to an address or a folder that may not be read.' },
  IMAGE_NOT_FOUND: { retriable: true, what: 'The image is not there yet (404, missing file or object); it is asked for again later.' },
  IMAGE_ACCESS_DENIED: { retriable: false, what: 'The store refuses to hand out the image (401, 403, bucket does not exist).' },
  IMAGE_FETCH_FAILED: {
    retriable: true,
    what: 'The image could not be fetched (connection, time-out, 5xx, 429); it is asked for again later.',
  },
  IMAGE_TOO_LARGE: { retriable: false, what: 'The image has more bytes than the configured limit.' },
  IMAGE_TOO_MANY_PIXELS: { retriable: false, what: 'The image has more pixels than the configured limit.' },
  IMAGE_NOT_AN_IMAGE: { retriable: false, what: 'The bytes are not one of the accepted image formats (by their magic bytes).' },
  IMAGE_NOT_DECODABLE: { retriable: false, what: 'The bytes look like an image but cannot be decoded (truncated, damaged).' },
  IMAGE_HASH_MISMATCH: { retriable: false, what: 'The image does not have the SHA-256 that the event announced.' },
  CLAIM_CHECK_VANISHED: {
    retriable: true,
    what: 'Pixels or token sequences of the listing have left the cache before they were used; it is prepared again.',
  },
  REQUEUE_EXHAUSTED: {
    retriable: false,
    what: 'The listing was sent back to be prepared again too often; its claim checks keep vanishing.',
  },
  STAGE_CRASHED: {
    retriable: false,
    what: 'The inference worker ended again and again while it ran this very message; bisection left it alone.',
  },
  STAGE_FAILED: { retriable: false, what: 'A stage failed on this very message for a reason it does not know; bisection left it alone.' },
  // Infrastructure: waited for, never a dead letter.
  BROKER_UNAVAILABLE: { retriable: true, what: 'Kafka does not answer.' },
  BROKER_FENCED: { retriable: false, what: 'A newer producer with the same transactional id took over; this process must stop.' },
  STATE_FENCED: { retriable: false, what: 'A newer owner of the partition writes the published state; this process must stop.' },
  CACHE_UNAVAILABLE: { retriable: true, what: 'The cache Redis does not answer.' },
  STATE_UNAVAILABLE: { retriable: true, what: 'The state Redis does not answer.' },
  QUEUE_UNAVAILABLE: { retriable: true, what: 'The delayed-retry queue does not answer.' },
  OBJECT_STORE_UNAVAILABLE: { retriable: true, what: 'The object store does not answer.' },
  SCHEMA_REGISTRY_UNAVAILABLE: { retriable: true, what: 'The schema registry does not answer.' },
  ENGINE_UNAVAILABLE: { retriable: false, what: 'The local engine cannot be started; the message says what to install.' },
  INFERENCE_FAILED: {
    retriable: true,
    what: 'The inference worker failed or ended, for another reason than this micro-batch; it is started again.',
  },
  INFERENCE_CRASHED: {
    retriable: true,
    what: 'The inference worker ended while it ran this very micro-batch; it is started again, and after three times the batch is bisected.',
  },
  // Set-up: the process must not start.
  CONFIG_INVALID: { retriable: false, what: 'A setting is missing, out of range or contradicts another.' },
  BUNDLE_INVALID: {
    retriable: false,
    what: 'A model bundle is incomplete, its hashes or dimensions do not fit, or its manifest has an unknown key.',
  },
  BUNDLE_MISMATCH: { retriable: false, what: 'A fusion bundle asks for another encoder bundle than the one that runs.' },
  SCHEMA_INCOMPATIBLE: { retriable: false, what: 'A schema cannot be read by the schemas already published.' },
  ARCHIVE_DAMAGED: { retriable: false, what: 'An object of the token archive is cut short, damaged, or of a format that is not read.' },
  SOURCE_INVALID: { retriable: false, what: 'A source file given on the command line cannot be read; the message names the line.' },
  USAGE: { retriable: false, what: 'The command line is wrong; the message says how.' },
} as const satisfies Record<string, { retriable: boolean; what: string }>;

/** One of the closed list of error codes. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The only error type that Labelstream throws on purpose. */
export class LabelstreamError extends Error {
  readonly code: ErrorCode;
  /** Whether the same call can succeed later, without anybody changing its input. */
  readonly retriable: boolean;
  /** How long whoever refused asks to be left alone, where that is known. */
  readonly retryAfterMs?: number;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LabelstreamError';
    this.code = code;
    this.retriable = ERROR_CODES[code].retriable;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** Whether `error` is a {@link LabelstreamError}, with one of `codes` when given. */
export function isLabelstreamError(error: unknown, ...codes: ErrorCode[]): error is LabelstreamError {
  return error instanceof LabelstreamError && (codes.length === 0 || codes.includes(error.code));
}

/** A one-line description of any thrown value; total, never throws. */
export function describeError(error: unknown): string {
  if (isLabelstreamError(error)) return `${error.code}: ${error.message}`;
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return String(error);
}
