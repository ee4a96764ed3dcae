/**
 * Lets the main thread ask the worker threads of its process for a flush. Only the main thread gets signals, and its end
 * is the end of all threads. Threads find one another through a channel that belongs to the process.
 */

import { BroadcastChannel, isMainThread, threadId, type Worker } from 'node:worker_threads';
import { endsWithin } from '../common/ends-within.js';
import { warn } from '../common/warn.js';
import { SharedFlag } from './shared-flag.js';

const CHANNEL = 'mlflow-bedrock.flush.v1';

/** What {@link connectThreads} needs of this thread. */
export interface ThreadFlush {
  /** Sends what this thread has not sent yet. It never rejects. */
  flush(): Promise<void>;
  /** Set while this thread has spans that it did not send. */
  readonly hasUnsentSpans: SharedFlag;
  /** How long to wait for other threads, in milliseconds. */
  readonly timeoutMillis: number;
}

/** The other threads of this process that trace. A worker thread leaves them to the main thread. */
export interface OtherThreads {
  /** True if one of them has spans that it did not send. */
  haveUnsentSpans(): boolean;
  /** Has those with unsent spans flush. Resolves when they have, or when the time is over, which it logs. Never rejects. */
  flush(): Promise<void>;
  /** Ends the connection for good. */
  stop(): void;
}

/** `call`: the main thread asks who is there. `flush`: it asks for a flush. Threads answer with the other kinds. */
type Message =
  | { readonly kind: 'call' | 'flush' }
  /** `here`: the thread answers to `flush`. `unsent` is the memory of its flag. */
  | { readonly kind: 'here'; readonly thread: number; readonly unsent: SharedArrayBuffer }
  /** `flushed`: the thread has sent everything. `gone`: it ended, or stopped tracing. */
  | { readonly kind: 'flushed' | 'gone'; readonly thread: number };

/** Connects this thread with the threads that start from now on. */
export function connectThreads({ timeoutMillis, ...thread }: ThreadFlush): OtherThreads {
  return isMainThread ? watchWorkerThreads(timeoutMillis) : answerMainThread(thread);
}

/** For the main thread. */
export function watchWorkerThreads(timeoutMillis: number): OtherThreads {
  /** Whether they have unsent spans, by thread. A blocked thread cannot answer this question, nor flush. */
  const threads = new Map<number, SharedFlag>();
  /** Flushes that wait for answers. */
  const flushes = new Set<{ readonly pending: Set<number>; readonly done: () => void }>();
  let channel: Channel | undefined;

  const answered = (thread: number): void => {
    for (const { pending, done } of flushes) {
      pending.delete(thread);
      if (pending.size === 0) done();
    }
  };
  const forget = (thread: number): void => {
    threads.delete(thread);
    answered(thread);
  };
  const receive = (message: Message): void => {
    if (message.kind === 'here') threads.set(message.thread, new SharedFlag(message.unsent));
    if (message.kind === 'flushed') answered(message.thread);
    if (message.kind === 'gone') forget(message.thread);
  };
  const stopWatching = watchThreads({
    started() {
      // Most applications have no worker threads and need no channel.
      if (channel !== undefined) return;
      channel = openChannel(receive);
      // Threads that announced themselves before the channel was open do so again.
      channel.send({ kind: 'call' });
    },
    ended: forget,
  });
  const withUnsentSpans = (): number[] =>
    [...threads].filter(([, hasUnsentSpans]) => hasUnsentSpans.isSet).map(([thread]) => thread);
  return {
    haveUnsentSpans: () => withUnsentSpans().length > 0,
    async flush() {
      const pending = new Set(withUnsentSpans());
      if (pending.size === 0) return;
      const answers = new Promise<void>((resolve) => {
        const flush = { pending, done: () => flushes.delete(flush) && resolve() };
        flushes.add(flush);
      });
      channel?.send({ kind: 'flush' });
      await endsWithin(timeoutMillis, answers);
      if (pending.size === 0) return;
      warn(
        `${pending.size} of the worker threads did not flush within ${timeoutMillis} ms; their last spans may be lost`,
      );
    },
    stop() {
      stopWatching();
      channel?.close();
      for (const thread of threads.keys()) forget(thread);
    },
  };
}

/** For a worker thread. */
export function answerMainThread({ flush, hasUnsentSpans }: Omit<ThreadFlush, 'timeoutMillis'>): OtherThreads {
  const sayHere = (): void => channel.send({ kind: 'here', thread: threadId, unsent: hasUnsentSpans.memory });
  const say = (kind: 'flushed' | 'gone', thread: number = threadId): void => channel.send({ kind, thread });
  const channel = openChannel(({ kind }) => {
    if (kind === 'call') sayHere();
    if (kind !== 'flush') return;
    // All threads get this message, and this one may have flushed by itself since it was sent.
    if (hasUnsentSpans.isSet) void flush().then(() => say('flushed'));
    else say('flushed');
  });
  sayHere();
  // The main thread does not see the end of threads that this thread started.
  const stopWatching = watchThreads({ started() {}, ended: (thread) => say('gone', thread) });
  return {
    haveUnsentSpans: () => false,
    flush: async () => {},
    stop() {
      stopWatching();
      say('gone');
      channel.close();
    },
  };
}

interface Channel {
  /** Does nothing once the channel is closed. */
  send(message: Message): void;
  close(): void;
}

/** Opens the channel, which does not keep the thread alive. */
function openChannel(receive: (message: Message) => void): Channel {
  const channel = new BroadcastChannel(CHANNEL);
  let isOpen = true;
  channel.onmessage = (event) => receive((event as { data: Message }).data);
  channel.unref();
  return {
    send(message) {
      // A flush, or a thread below, may end after this thread stopped tracing.
      if (isOpen) channel.postMessage(message);
    },
    close() {
      isOpen = false;
      channel.close();
    },
  };
}

/** Calls back when this thread starts a worker thread, and when such a thread has ended. Returns a function to stop. */
function watchThreads({ started, ended }: { started(): void; ended(thread: number): void }): () => void {
  const onWorker = (worker: Worker): void => {
    // The id is -1 once the thread has ended.
    const { threadId: thread } = worker;
    worker.once('exit', () => ended(thread));
    started();
  };
  process.on('worker', onWorker);
  return () => process.off('worker', onWorker);
}
