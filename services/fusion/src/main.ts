import { runService } from '@labelstream/shared/service/run-service';
import { fusionService } from './index.js';

await runService(fusionService, process.env);
