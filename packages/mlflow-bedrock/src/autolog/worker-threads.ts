/**
 * Lets the main thread ask the worker threads of its process for a flush. Only the main thread gets signals, and its end
 * is the end of all threads. Threads find one another through a channel that belongs to the process.
 */

import { BroadcastChannel, threadId, type Worker } from 'node:worker_threads';
import { endsWithin } from '../common/ends-within.js';

const CHANNEL = 'mlflow-bedrock.flush.v1';

/** `call`: the main thread asks who is there. `flush`: it asks for a flush. Threads answer with the other kinds. */
type Message =
  | { readonly kind: 'call' | 'flush' }
  /** `here`: the thread answers to `flush`. `flushed`: it has sent everything. `gone`: it ended, or stopped tracing. */
  | { readonly kind: 'here' | 'flushed' | 'gone'; readonly thread: number };

/** The worker threads that trace, as the main thread knows them. */
export interface WorkerThreads {
  /** Whether there are any. */
  isEmpty(): boolean;
  /** Asks all of them for a flush. Resolves with the number of those that did not end it in time. Never rejects. */
  flush(): Promise<number>;
  /** Forgets them. */
  stop(): void;
}

/**
 * For the main thread: finds the worker threads that start from now on and trace.
 *
 * @param timeoutMillis how long a flush may take, in milliseconds.
 */
export function watchWorkerThreads(timeoutMillis: number): WorkerThreads {
  const threads = new Set<number>();
  let channel: BroadcastChannel | undefined;
  /** Flushes that wait for answers. */
  const flushes = new Set<{ readonly pending: Set<number>; readonly done: () => void }>();

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
    if (message.kind === 'here') threads.add(message.thread);
    if (message.kind === 'flushed') answered(message.thread);
    if (message.kind === 'gone') forget(message.thread);
  };
  const stopWatching = onThreadEnd(() => {
    // Most applications have no worker threads and need no channel.
    if (channel !== undefined) return;
    channel = openChannel(receive);
    // Threads that announced themselves before the channel was open do so again.
    channel.postMessage({ kind: 'call' } satisfies Message);
  }, forget);
  return {
    isEmpty: () => threads.size === 0,
    async flush() {
      if (threads.size === 0) return 0;
      const pending = new Set(threads);
      const answers = new Promise<void>((resolve) => {
        const flush = { pending, done: () => flushes.delete(flush) && resolve() };
        flushes.add(flush);
      });
      channel?.postMessage({ kind: 'flush' } satisfies Message);
      await endsWithin(timeoutMillis, answers);
      return pending.size;
    },
    stop() {
      stopWatching();
      channel?.close();
      threads.clear();
    },
  };
}

/**
 * For a worker thread: flushes when the main thread asks for it.
 *
 * @param flush sends what is unsent. It never rejects.
 * @returns a function that ends this.
 */
export function answerMainThread(flush: () => Promise<unknown>): () => void {
  const say = (kind: 'here' | 'flushed' | 'gone', thread: number = threadId): void =>
    channel.postMessage({ kind, thread } satisfies Message);
  const channel = openChannel(({ kind }) => {
    if (kind === 'call') say('here');
    if (kind === 'flush') void flush().then(() => say('flushed'));
  });
  say('here');
  // The main thread does not see the end of threads that this thread started.
  const stopWatching = onThreadEnd(
    () => {},
    (thread) => say('gone', thread),
  );
  return () => {
    stopWatching();
    say('gone');
    channel.close();
  };
}

/** The channel does not keep the thread alive. */
function openChannel(receive: (message: Message) => void): BroadcastChannel {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event) => receive((event as { data: Message }).data);
  channel.unref();
  return channel;
}

/** Calls back when this thread starts a worker thread, and when that thread has ended. Returns a function to stop. */
function onThreadEnd(started: () => void, ended: (thread: number) => void): () => void {
  const onWorker = (worker: Worker): void => {
    // The id is -1 once the thread has ended.
    const { threadId: thread } = worker;
    worker.once('exit', () => ended(thread));
    started();
  };
  process.on('worker', onWorker);
  return () => process.off('worker', onWorker);
}
