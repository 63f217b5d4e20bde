import { LabelstreamError } from '@labelstream/shared/errors';

/** The object is another one than it was. */
export const changed = (uri: string, cause?: unknown): LabelstreamError =>
  new LabelstreamError('SOURCE_INVALID', `${uri} has changed since it was looked at; start again, with the file as it is now.`, { cause });

export const notThere = (uri: string, cause?: unknown): LabelstreamError =>
  new LabelstreamError('SOURCE_INVALID', `${uri}: there is no such file or folder; check its name.`, { cause });
