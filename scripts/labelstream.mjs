#!/usr/bin/env node
// `npx labelstream …` inside the repository: the same as `npm run labelstream -- …`.
process.argv.splice(2, 0, 'labelstream');
await import('./bootstrap.mjs');
