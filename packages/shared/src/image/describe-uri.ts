const MAX_READ_CHARACTERS = 1000;
const MAX_DESCRIBED_CHARACTERS = 120;

/** A URI for logs and dead letters: without credentials, query and data, and short. */
export function describeUri(uri: string): string {
  if (/^\s*data:/i.test(uri)) return 'data:…';
  const bare = uri
    .slice(0, MAX_READ_CHARACTERS)
    .replace(/[?#].*$/s, '')
    .replace(/\/\/[^/]*@/, '//');
  const readable = bare.replace(/\p{C}/gu, '\ufffd');
  return readable.length > MAX_DESCRIBED_CHARACTERS ? `${readable.slice(0, MAX_DESCRIBED_CHARACTERS)}…` : readable;
}
