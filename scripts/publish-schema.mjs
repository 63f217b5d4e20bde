#!/usr/bin/env node
// Publishes the current version of one Avro schema: copies it to contracts/avro/history/ and encodes its sample value there.
// Usage: node scripts/publish-schema.mjs <Record>, after `npm run build` and after writing history/<Record>.v<N>.json.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/root.mjs';

const folder = join(root, 'packages/shared/contracts/avro');
const history = join(folder, 'history');

function fail(message) {
  console.error(`publish-schema: ${message}`);
  process.exit(1);
}

const [record] = process.argv.slice(2);
if (record === undefined || !existsSync(join(folder, `${record}.avsc`))) fail('give the name of a record type, for example ProductEvent');

const published = readdirSync(history).filter((file) => file.startsWith(`${record}.v`) && file.endsWith('.avsc'));
const version = published.length + 1;
const schema = readFileSync(join(folder, `${record}.avsc`), 'utf8');
if (version > 1 && readFileSync(join(history, `${record}.v${version - 1}.avsc`), 'utf8') === schema) {
  fail(`${record}.avsc is published already, as version ${version - 1}`);
}
const sample = join(history, `${record}.v${version}.json`);
if (!existsSync(sample)) fail(`write a sample value to history/${record}.v${version}.json first`);

const { openRecordType } = await import(join(root, 'packages/shared/dist/events/record-type.js'));
const type = openRecordType(schema);
const body = type.encode(JSON.parse(readFileSync(sample, 'utf8')));
writeFileSync(join(history, `${record}.v${version}.avsc`), schema);
writeFileSync(join(history, `${record}.v${version}.bin`), Buffer.concat([Buffer.from([0xc3, 0x01]), type.fingerprint, body]));
console.log(`published ${record} version ${version}`);
