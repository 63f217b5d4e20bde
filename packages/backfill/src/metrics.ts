import { Counter, Gauge, type Registry } from 'prom-client';
import type { FlowStatus } from './job/flow.js';
import type { WorkerMetrics } from './job/worker.js';

/** What a backfill worker tells of itself. */
export interface BackfillMetrics extends WorkerMetrics {
  /** The decision of the flow control, told by the worker that leads. */
  flow(flow: FlowStatus): void;
}

/** Creates the metrics of a backfill worker. */
export function createBackfillMetrics(registry: Registry): BackfillMetrics {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] });
  const counter = (name: string, help: string, ...labelNames: string[]) => new Counter({ name, help, labelNames, registers: [registry] });
  const underWay = gauge('labelstream_backfill_jobs_under_way', 'Ranges and plans at work in this process.');
  const ranges = counter('labelstream_backfill_ranges_total', 'Ranges that left this process, by what became of them.', 'end');
  const read = counter('labelstream_backfill_rows_read_total', 'Rows dealt with durably.');
  const sent = counter('labelstream_backfill_rows_sent_total', 'Rows that became a message.');
  const errors = counter('labelstream_backfill_row_errors_total', 'Rows that cannot be sent, by error code.', 'code');
  const flow = flowGauges(gauge);
  return {
    rangesUnderWay: (count) => underWay.set(count),
    rangeEnded: (end) => ranges.inc({ end }),
    rows(rows) {
      read.inc(Math.max(0, rows.read));
      sent.inc(rows.sent);
    },
    rowError: ({ code }) => errors.inc({ code }),
    flow,
  };
}

function flowGauges(gauge: (name: string, help: string) => Gauge): (flow: FlowStatus) => void {
  const window = gauge('labelstream_backfill_window_rows', 'Rows that may be in flight in the backfill lane.');
  const inFlight = gauge('labelstream_backfill_in_flight_rows', 'Rows in the backfill lane that are not through, all stages together.');
  const allowed = gauge('labelstream_backfill_allowed_rows', 'Rows that may be sent until the next decision.');
  const rate = gauge('labelstream_backfill_rate_cap_rows_per_second', 'Ceiling for the sake of the live lane; +Inf where none is needed.');
  const drain = gauge('labelstream_backfill_drain_rows_per_second', 'Rows per second that the backfill lane finishes.');
  const liveLag = gauge('labelstream_backfill_live_lag_messages', 'Live messages that are not through, as the flow control saw them.');
  const latency = gauge(
    'labelstream_backfill_live_latency_seconds',
    '99th percentile of the live lane lately; NaN where nothing was labelled.',
  );
  const rest = gauge('labelstream_backfill_live_rest_latency_seconds', 'What the live lane takes undisturbed; NaN while not known.');
  const seconds = (ms: number | null) => (ms === null ? Number.NaN : ms / 1000);
  return (flow) => {
    window.set(flow.windowRows);
    inFlight.set(flow.inFlight);
    allowed.set(flow.allowedRows);
    rate.set(flow.rateCap ?? Number.POSITIVE_INFINITY);
    drain.set(flow.drainPerSecond);
    liveLag.set(flow.liveLag);
    latency.set(seconds(flow.liveLatencyMs));
    rest.set(seconds(flow.restLatencyMs));
  };
}
