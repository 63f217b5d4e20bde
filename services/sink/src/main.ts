import { runService } from '@labelstream/shared/service/run-service';
import { sinkService } from './index.js';

await runService(sinkService, process.env);
