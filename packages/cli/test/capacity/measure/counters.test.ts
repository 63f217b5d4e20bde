import { expect, test } from 'vitest';
import { between, countersOf } from '../../../src/capacity/measure/counters.js';

const METRICS = `# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 3.5
labelstream_micro_batch_messages_sum{stage="encoder"} 40
labelstream_micro_batch_messages_sum{stage="fusion"} 7
labelstream_micro_batch_process_seconds_bucket{le="0.1",stage="encoder"} 1
labelstream_micro_batch_process_seconds_sum{stage="encoder"} 0.75
labelstream_micro_batch_process_seconds_count{stage="encoder"} 5
labelstream_micro_batch_carry_out_seconds_sum{stage="encoder"} 1.5e-2
labelstream_encoder_run_seconds_sum{graph="image"} 0.25
labelstream_encoder_run_seconds_sum{graph="text"} 0.125
labelstream_fusion_run_seconds_sum{graph="fusion"} 9
`;

test('the counters of a stage are its own, its graphs together', () => {
  expect(countersOf(METRICS, 'encoder')).toEqual({
    batches: 5,
    listings: 40,
    processSeconds: 0.75,
    carryOutSeconds: 0.015,
    runSeconds: 0.375,
    cpuSeconds: 3.5,
  });
});

test('what is not there is 0', () => {
  expect(countersOf('', 'sink')).toEqual({ batches: 0, listings: 0, processSeconds: 0, carryOutSeconds: 0, runSeconds: 0, cpuSeconds: 0 });
});

test('what was done between two looks is the difference of every counter', () => {
  const [before, after] = [countersOf('', 'encoder'), countersOf(METRICS, 'encoder')];
  expect(between(before, after)).toEqual(after);
  expect(Object.values(between(after, after))).toEqual([0, 0, 0, 0, 0, 0]);
});
