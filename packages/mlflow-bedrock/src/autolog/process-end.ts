import { isMainThread } from 'node:worker_threads';
import { warn } from '../common/warn.js';
import { answerMainThread, type WorkerThreads, watchWorkerThreads } from './worker-threads.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** What {@link flushAtProcessEnd} needs. Both flushes end in bounded time and never reject. */
export interface ProcessEndFlush {
  /** True if a span ended since the last flush began. */
  hasUnsentSpans(): boolean;
  /** Sends the spans that ended so far. */
  flush(): Promise<unknown>;
  /** Sends the spans that ended so far, then aborts what is still under way, so that the process can end. */
  flushAndAbort(): Promise<unknown>;
  /** How long to wait for the flushes of worker threads, in milliseconds. */
  readonly timeoutMillis: number;
}

/**
 * Flushes once when the event loop runs empty. In the main thread it also flushes at SIGTERM and SIGINT, and has worker
 * threads that trace flush. It never ends the process itself, so exit code and signal stay the same. If the application
 * listens to a signal, the application decides when to end.
 *
 * @returns a function that removes the listeners.
 */
export function flushAtProcessEnd(ownSpans: ProcessEndFlush): () => void {
  if (isMainThread) return flushProcess(ownSpans, watchWorkerThreads(ownSpans.timeoutMillis));
  const { hasUnsentSpans, flush, flushAndAbort } = ownSpans;
  const stopFlushing = flushBeforeExit(hasUnsentSpans, flushAndAbort);
  const stopAnswering = answerMainThread(async () => {
    if (hasUnsentSpans()) await flush();
  });
  return () => {
    stopFlushing();
    stopAnswering();
  };
}

/** Flushes once when the event loop runs empty. */
function flushBeforeExit(hasUnsentSpans: () => boolean, flush: () => Promise<unknown>): () => void {
  let isFlushed = false;
  const onBeforeExit = (): void => {
    // Node.js emits beforeExit again after each flush. A second flush could follow each time, without an end.
    if (isFlushed || !hasUnsentSpans()) return;
    isFlushed = true;
    // The other listeners run first, so that the flush includes their spans.
    setImmediate(flush);
  };
  process.on('beforeExit', onBeforeExit);
  return () => process.off('beforeExit', onBeforeExit);
}

function flushProcess(ownSpans: ProcessEndFlush, threads: WorkerThreads): () => void {
  const { timeoutMillis } = ownSpans;
  const hasUnsentSpans = (): boolean => ownSpans.hasUnsentSpans() || !threads.isEmpty();
  const withThreads = async (flush: () => Promise<unknown>): Promise<void> => {
    const [late] = await Promise.all([threads.flush(), ownSpans.hasUnsentSpans() ? flush() : undefined]);
    if (late === 0) return;
    warn(`${late} of the worker threads did not flush within ${timeoutMillis} ms; their last spans may be lost`);
  };
  const flush = (): Promise<void> => withThreads(ownSpans.flush);
  // Threads are alive here only if the application called unref() on them, and end with the process.
  const stopFlushing = flushBeforeExit(hasUnsentSpans, () => withThreads(ownSpans.flushAndAbort));

  let isEnding = false;
  let isStopped = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    const sendSignalAgain = (): void => {
      process.off(signal, onSignal);
      // A listener that the application added during the flush decides instead.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    if (process.listenerCount(signal) > 1) {
      if (hasUnsentSpans()) void flush();
      // Libraries such as signal-exit end the process only if they are the last listener, so this one hides from them.
      process.off(signal, onSignal);
      process.nextTick(() => {
        if (!isStopped) process.prependListener(signal, onSignal);
      });
      return;
    }
    // A second signal ends the process without waiting for the flush.
    if (isEnding || !hasUnsentSpans()) {
      sendSignalAgain();
      return;
    }
    isEnding = true;
    void flush().then(sendSignalAgain);
  };

  // As the first listener it counts listeners that the application added with once().
  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  return () => {
    isStopped = true;
    stopFlushing();
    threads.stop();
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
