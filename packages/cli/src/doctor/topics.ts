import type { DoctorCheck } from '@labelstream/local/diagnosis';
import { describeError, isLabelstreamError } from '@labelstream/shared/errors';
import type { CliConfig } from '../config.js';
import { connectFrom } from '../connect.js';

const ADVICE = 'run "labelstream up", which creates what is missing';

/** Whether the topics of the deployment exist, where Kafka answers at all. */
export async function checkTopics(config: CliConfig, dataDir: string): Promise<DoctorCheck> {
  try {
    const connection = await connectFrom(config, dataDir);
    try {
      const wanted = connection.topics.all().map(({ topic }) => topic);
      const existing = new Set((await connection.broker.describe(wanted)).map(({ topic }) => topic));
      return describe(wanted.filter((topic) => !existing.has(topic)));
    } finally {
      await connection.close();
    }
  } catch (error) {
    const found = isLabelstreamError(error) ? error.message : describeError(error);
    return { name: 'topics', ok: false, required: false, found, advice: ADVICE };
  }
}

function describe(missing: readonly string[]): DoctorCheck {
  if (missing.length === 0) return { name: 'topics', ok: true, required: false, found: 'All topics are there.' };
  return { name: 'topics', ok: false, required: false, found: `Missing: ${missing.join(', ')}.`, advice: ADVICE };
}
