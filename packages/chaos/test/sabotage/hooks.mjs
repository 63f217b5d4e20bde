// Builds of the services with one promise switched off, made while they are loaded: the services themselves know nothing of it.

/** What is replaced, in which built file. */
const SABOTAGES = {
  /**
   * Labels and positions are written one after the other instead of in one transaction. Kills from outside seldom fall into the gap, so the
   * process dies in it now and then; with one transaction there is none to die in.
   */
  transaction: {
    file: '/packages/shared/dist/adapters/kafka/transactional-producer.js',
    edits: [
      {
        from: /const transaction = await current\.transaction\(\);\s*await fill\(transaction, records, positions\);/,
        to: `const first = await current.transaction();
      await fill(first, records, { ...positions, offsets: [] });
      await first.commit();
      if (Math.random() < 0.05) process.kill(process.pid, 'SIGKILL');
      const transaction = await current.transaction();
      await fill(transaction, [], positions);`,
      },
    ],
  },
  /** Whatever comes is newer. */
  'version-guard': {
    file: '/services/sink/dist/decide.js',
    edits: [{ from: /function isStale\([^)]*\) \{/, to: '$& return false;' }],
  },
  /**
   * Positions are committed when messages are taken, not when their outcomes are durable. Here too the process dies now and then: as soon as the
   * broker has stored such a position, with what it was too early for still under way, however fast the machine is.
   */
  'commit-after-durable': {
    file: '/packages/shared/dist/stream/offset-tracker.js',
    edits: [
      { from: /for \(const lowest of unresolved\)\s*return lowest;/, to: '' },
      {
        from: /progress\.committedPosition = Math\.max\(progress\.committedPosition, offset\);/,
        to: `{ $& if (progress.unresolved.size > 0 && Math.random() < 0.3) process.kill(process.pid, 'SIGKILL'); }`,
      },
    ],
  },
};

let sabotage;

export function initialize(data) {
  sabotage = SABOTAGES[data.sabotage];
  if (sabotage === undefined) throw new Error(`there is no sabotage "${data.sabotage}"`);
}

export async function load(url, context, nextLoad) {
  const loaded = await nextLoad(url, context);
  if (!url.endsWith(sabotage.file)) return loaded;
  const source = String(loaded.source);
  for (const { from } of sabotage.edits)
    if (!from.test(source)) throw new Error(`${sabotage.file} has changed: there is nothing left to sabotage`);
  return { ...loaded, source: sabotage.edits.reduce((edited, { from, to }) => edited.replace(from, to), source) };
}
