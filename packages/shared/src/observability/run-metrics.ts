import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What is known of a service's inference. */
export interface RunMetrics {
  /** A run of `rows` rows that spent `runMs` inside the graph. */
  run(graph: string, rows: number, runMs: number): void;
}

/** Registers the inference metrics of one service; several services of a process may share the registry. */
export function createRunMetrics(
  registry: Registry,
  service: 'encoder' | 'fusion',
  nowMs: () => number = () => performance.now(),
): RunMetrics {
  const registers = [registry];
  const seconds = new Histogram({
    name: `labelstream_${service}_run_seconds`,
    help: 'Time inside ONNX Runtime per run.',
    labelNames: ['graph'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers,
  });
  const rows = new Counter({
    name: `labelstream_${service}_run_rows_total`,
    help: 'Rows computed; over the number of runs this is the mean batch size.',
    labelNames: ['graph'],
    registers,
  });
  let busyMs = 0;
  let since = { busyMs: 0, atMs: nowMs() };
  new Gauge({
    name: `labelstream_${service}_run_utilisation_ratio`,
    help: 'Share of the time since the last scrape that was spent inside ONNX Runtime.',
    registers,
    collect() {
      const atMs = nowMs();
      if (atMs > since.atMs) this.set((busyMs - since.busyMs) / (atMs - since.atMs));
      since = { busyMs, atMs };
    },
  });
  return {
    run: (graph, count, runMs) => {
      seconds.observe({ graph }, runMs / 1000);
      rows.inc({ graph }, count);
      busyMs += runMs;
    },
  };
}
