// Whether the process in this container is well: ends with 0 where `/healthz` on the given port answers with success. The image has no tools.
const response = await fetch(`http://127.0.0.1:${process.argv[2]}/healthz`, { signal: AbortSignal.timeout(4000) }).catch(() => null);
process.exit(response?.ok ? 0 : 1);
