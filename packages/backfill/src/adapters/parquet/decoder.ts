import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import type { ParquetDecoder, ParquetGroup } from '../../source/parquet-decoder.js';
import type { RawRecord } from '../../source/row.js';

/** What the decoding process can be asked for. */
export type DecoderTask = { readonly kind: 'footer' } | { readonly kind: 'rows'; readonly rowStart: number; readonly rowEnd: number };

/** What the decoding process is told. */
export type DecoderRequest =
  | DecoderTask
  | { readonly kind: 'open'; readonly byteLength: number; readonly group: Omit<ParquetGroup, 'buffer'> | undefined }
  | { readonly kind: 'close' }
  | { readonly kind: 'bytes'; readonly key: string; readonly bytes: ArrayBuffer };

/** What it answers. */
type DecoderReply =
  | { readonly kind: 'slice'; readonly key: string; readonly start: number; readonly end: number }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly why: string };

/** What a footer or a row group may take. */
export interface ParquetDecoderLimits {
  /** Heap of the decoding process in MiB. Rows of a group with a million of them and ten columns take some hundred. */
  readonly heapMb: number;
  /** For how long it may decode without asking for bytes. */
  readonly silenceMs: number;
}

const LIMITS: ParquetDecoderLimits = { heapMb: 1024, silenceMs: 120_000 };
/** Processes that wait for the next file; starting one takes longer than decoding a small row group. */
const MAX_IDLE = 2;
const ENTRY = fileURLToPath(new URL('./decoder-process.js', import.meta.url));

/**
 * Decodes in processes with a heap of their own: what takes too much of it, or too long, or ends with an error that nobody waits for, ends that
 * process and not this one. (A thread would not do: when V8 is out of memory within one allocation, all threads go.) A process is used for one
 * footer or row group at a time, and after a failure not again.
 */
export function createParquetDecoder(limits: ParquetDecoderLimits = LIMITS): ParquetDecoder {
  const idle: ChildProcess[] = [];

  function start(): ChildProcess {
    const child = fork(ENTRY, {
      execArgv: [`--max-old-space-size=${limits.heapMb}`],
      serialization: 'advanced',
      // What V8 says of its heap before it ends is of no use to anybody.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const forget = () => {
      const at = idle.indexOf(child);
      if (at >= 0) idle.splice(at, 1);
    };
    return child.on('error', forget).on('exit', forget);
  }

  function giveBack(child: ChildProcess): void {
    if (idle.length >= MAX_IDLE) return void child.kill();
    child.send({ kind: 'close' } satisfies DecoderRequest, ignoreFailure);
    // It does not keep this process from ending, and ends with it.
    child.unref();
    child.channel?.unref();
    idle.push(child);
  }

  function open(buffer: AsyncBuffer, group?: Omit<ParquetGroup, 'buffer'>): OpenFile {
    const child = idle.pop() ?? start();
    child.ref();
    child.channel?.ref();
    child.send({ kind: 'open', byteLength: buffer.byteLength, group } satisfies DecoderRequest, ignoreFailure);
    return openFile(child, buffer, limits, () => giveBack(child));
  }

  return {
    async footer(buffer) {
      const file = open(buffer);
      try {
        return (await file.ask({ kind: 'footer' })) as FileMetaData;
      } finally {
        file.close();
      }
    },
    open({ buffer, ...group }) {
      const file = open(buffer, group);
      const rows = (rowStart: number, rowEnd: number) => file.ask({ kind: 'rows', rowStart, rowEnd }) as Promise<RawRecord[]>;
      return { rows, close: file.close };
    },
  };
}

/** A process that cannot be told anything has ended, which its exit tells. */
const ignoreFailure = () => {};

/** A process that has a file open. */
interface OpenFile {
  /** One at a time; after one that has failed there is no other. */
  ask(task: DecoderTask): Promise<unknown>;
  close(): void;
}

function openFile(child: ChildProcess, buffer: AsyncBuffer, { heapMb, silenceMs }: ParquetDecoderLimits, giveBack: () => void): OpenFile {
  let asked: { resolve(result: unknown): void; reject(error: unknown): void } | undefined;
  let silence: NodeJS.Timeout | undefined;
  let reads = 0;
  let ended: unknown;
  const tell = (request: DecoderRequest) => child.send(request, ignoreFailure);

  function settle(): typeof asked {
    const settled = asked;
    asked = undefined;
    clearTimeout(silence);
    return settled;
  }

  function fail(error: unknown): void {
    ended ??= error;
    leave();
    child.kill('SIGKILL');
    settle()?.reject(error);
  }

  /** From when it has all that it asked for. */
  function listen(): void {
    clearTimeout(silence);
    if (asked === undefined || reads > 0) return;
    silence = setTimeout(() => fail(new Error(`decoding it takes more than ${silenceMs / 1000} s`)), silenceMs);
  }

  async function give({ key, start, end }: Extract<DecoderReply, { kind: 'slice' }>): Promise<void> {
    reads += 1;
    clearTimeout(silence);
    try {
      tell({ kind: 'bytes', key, bytes: await buffer.slice(start, end) });
      reads -= 1;
      listen();
    } catch (error) {
      fail(error);
    }
  }

  function onMessage(reply: DecoderReply): void {
    if (reply.kind === 'slice') void give(reply);
    else if (reply.kind === 'done') settle()?.resolve(reply.result);
    else fail(new Error(reply.why));
  }
  // SIGABRT is how V8 ends when its heap is full.
  const onExit = (code: number | null, signal: string | null) =>
    fail(new Error(signal === 'SIGABRT' ? `it takes more than ${heapMb} MiB of memory` : `decoding it has ended with ${signal ?? code}`));
  const leave = () => child.off('message', onMessage).off('error', fail).off('exit', onExit);

  child.on('message', onMessage).on('error', fail).on('exit', onExit);
  return {
    ask: (task) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        asked = { resolve, reject };
        listen();
        tell(task);
      }),
    close() {
      if (ended !== undefined) return;
      leave();
      if (asked === undefined) giveBack();
      else child.kill('SIGKILL');
    },
  };
}
