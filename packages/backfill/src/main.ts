import { runProcess } from '@labelstream/shared/service/run-service';
import { startBackfillProcess } from './start.js';

await runProcess('backfill', process.env, startBackfillProcess);
