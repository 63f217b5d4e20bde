import { filesBelow, readText } from '../lib/sources.mjs';

const MAX_LINES = 300;
/** A stage is one route on one screen. */
const MAX_STAGE_LINES = 60;

const linesOf = (path) => readText(path).trimEnd().split('\n').length;

/** Files that have grown too long to be read in one go. */
export function sizeProblems() {
  return filesBelow('', /\.(ts|mjs|cjs|js|py)$/).flatMap((path) => {
    const limit = /^services\/[^/]+\/src\/stage\.ts$/.test(path) ? MAX_STAGE_LINES : MAX_LINES;
    const lines = linesOf(path);
    return lines > limit ? [`${path} has ${lines} lines, more than ${limit}: split it by what it does`] : [];
  });
}
