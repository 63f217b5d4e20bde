import { runService } from '@labelstream/shared/service/run-service';
import { ingestService } from './index.js';

await runService(ingestService, process.env);
