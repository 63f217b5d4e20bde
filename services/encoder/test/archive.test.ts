import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '@labelstream/shared/config';
import { createLog } from '@labelstream/shared/observability/log';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { openArchive } from '../src/archive.js';
import { encoderSettings } from '../src/config.js';
import { createEncoderMetrics } from '../src/metrics.js';

const log = createLog({ name: 'test', level: 'silent' });
const open = (env: Record<string, string>, registry = new Registry()) =>
  openArchive({
    settings: readConfig(encoderSettings, env),
    encoderId: 'e@0123456789ab',
    metrics: createEncoderMetrics(registry).archive,
    log,
  });

it('there is no archive unless a place is named', async () => {
  expect(await open({})).toBeUndefined();
});

it('what waits is stored when the service ends, and counted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'labelstream-archive-'));
  const registry = new Registry();
  const archive = await open({ TOKEN_ARCHIVE: folder }, registry);
  archive!.sequence({ modality: 'image', sha256: 'ab'.repeat(32), value: new Uint8Array(40) });
  expect(await readdir(folder)).toEqual([]);
  await archive!.close();
  expect((await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.avro'))).toHaveLength(2);
  expect(await registry.metrics()).toContain('labelstream_encoder_archive_records_total{kind="sequence",outcome="archived"} 1');
  await rm(folder, { recursive: true });
});
