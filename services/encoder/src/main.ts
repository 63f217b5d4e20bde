import { runService } from '@labelstream/shared/service/run-service';
import { encoderService } from './index.js';

await runService(encoderService, process.env);
