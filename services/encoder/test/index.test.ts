import { createLog } from '@labelstream/shared/observability/log';
import { createMemoryContext } from '@labelstream/shared/service/memory-context';
import { describe, expect, it } from 'vitest';
import { encoderService } from '../src/index.js';
import { TINY_ENCODER } from './harness.js';

const context = () => createMemoryContext({ log: createLog({ name: 'test', level: 'silent' }) });

describe('the encoder service', () => {
  it('checks its bundle, warms up, and is then ready to encode', async () => {
    const opened = await context();
    const running = await encoderService.create(opened, { ENCODER_BUNDLE: TINY_ENCODER, INFERENCE_RUN_SIZE: '2' });
    expect(running.stage).toMatchObject({ name: 'encoder', input: 'prepared', delivery: 'at-least-once' });
    const rows = await opened.metrics.getSingleMetric('labelstream_encoder_run_rows_total')?.get();
    expect(rows?.values.map(({ labels }) => labels.graph).sort()).toEqual(['image', 'text']);
    await running.close();
  });

  it('does not start with a setting out of range, a bundle that is not there or of the other kind', async () => {
    const start = async (env: Record<string, string>) => encoderService.create(await context(), { ENCODER_BUNDLE: TINY_ENCODER, ...env });
    await expect(start({ INFERENCE_THREADS: '0' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(start({ TOKEN_ARCHIVE: 's3://NO/' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(start({ TOKEN_ARCHIVE: 'tokens' })).rejects.toMatchObject({ message: expect.stringContaining('relative path') });
    await expect(start({ ENCODER_BUNDLE: 'models/none' })).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    await expect(start({ ENCODER_BUNDLE: TINY_ENCODER.replace('encoder', 'fusion') })).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });
});
