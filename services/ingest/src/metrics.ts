import type { ModalityRef } from '@labelstream/shared/events/records';
import { schemeOf } from '@labelstream/shared/image/by-scheme';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What ingest counts beyond the worker loop's own metrics. */
export interface IngestMetrics {
  /** What became of a modality of a listing, with the reason where it is not used. */
  modality(modality: 'image' | 'text', ref: ModalityRef): void;
  /** Whether an image's claim check was there: before fetching it, after fetching it, or not at all. */
  cached(when: 'announced' | 'fetched' | 'no'): void;
  timeFetch<T>(uri: string, work: () => Promise<T>): Promise<T>;
  /** A host is left alone from now on. */
  hostLeftAlone(): void;
  /** An image was not asked for because its host is left alone. */
  fetchRefused(): void;
  /** Has `count` asked whenever the metrics are read. */
  openHosts(count: () => number): void;
  timeDecode<T>(work: () => Promise<T>): Promise<T>;
}

export function createIngestMetrics(registry: Registry): IngestMetrics {
  const registers = [registry];
  const modalities = new Counter({
    name: 'labelstream_ingest_modalities_total',
    help: 'Images and texts of listings by what became of them.',
    labelNames: ['modality', 'state', 'reason'],
    registers,
  });
  const cached = new Counter({
    name: 'labelstream_ingest_pixel_cache_total',
    help: 'Images whose claim check was in the cache before fetching (announced), after fetching (fetched), or not (no).',
    labelNames: ['hit'],
    registers,
  });
  const opened = new Counter({
    name: 'labelstream_ingest_host_circuit_openings_total',
    help: 'How often an image host was left alone because it kept failing, trials that failed included.',
    registers,
  });
  const refused = new Counter({
    name: 'labelstream_ingest_fetches_refused_total',
    help: 'Images that were not asked for because their host is left alone.',
    registers,
  });
  const fetchSeconds = new Histogram({
    name: 'labelstream_ingest_fetch_seconds',
    help: 'Time to get an image, waiting for its host included, by URI scheme; failures too.',
    labelNames: ['scheme'],
    buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const decodeSeconds = new Histogram({
    name: 'labelstream_ingest_decode_seconds',
    help: 'Time to decode and resize an image, waiting for a core included; failures too.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5],
    registers,
  });
  return {
    modality: (modality, { state, reason = '' }) => modalities.inc({ modality, state, reason }),
    cached: (hit) => cached.inc({ hit }),
    hostLeftAlone: () => opened.inc(),
    fetchRefused: () => refused.inc(),
    openHosts: (count) => watchHosts(count, registers),
    timeFetch: (uri, work) => timed(work, fetchSeconds.startTimer({ scheme: schemeOf(uri) ?? 'unknown' })),
    timeDecode: (work) => timed(work, decodeSeconds.startTimer()),
  };
}

function watchHosts(count: () => number, registers: Registry[]): void {
  new Gauge({
    name: 'labelstream_ingest_open_hosts',
    help: 'Image hosts that are left alone, or tried by one fetch only.',
    registers,
    collect() {
      this.set(count());
    },
  });
}

async function timed<T>(work: () => Promise<T>, stop: () => number): Promise<T> {
  try {
    return await work();
  } finally {
    stop();
  }
}
