import { isMainThread } from 'node:worker_threads';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** What {@link flushAtProcessEnd} needs. Both flushes end in bounded time and never reject. */
export interface ProcessEndFlush {
  /** True if a span ended since the last flush began, or if another thread may have such spans. */
  hasUnsentSpans(): boolean;
  /** Sends the spans that ended so far. */
  flush(): Promise<unknown>;
  /** Sends the spans that ended so far, then aborts what is still under way, so that the process can end. */
  flushAndAbort(): Promise<unknown>;
  /** Reports what is still unsent as lost. Called just before a signal ends the process, which emits no "exit" then. */
  reportUnsent(): void;
}

/**
 * Flushes once when the event loop runs empty, and at SIGTERM and SIGINT. It never ends the process itself, so exit code
 * and signal stay the same. If the application listens to a signal, the application decides when to end.
 *
 * @returns a function that removes the listeners.
 */
export function flushAtProcessEnd({ hasUnsentSpans, flush, flushAndAbort, reportUnsent }: ProcessEndFlush): () => void {
  let isFlushed = false;
  const onBeforeExit = (): void => {
    // Node.js emits beforeExit again after each flush. A second flush could follow each time, without an end.
    if (isFlushed || !hasUnsentSpans()) return;
    isFlushed = true;
    // The other listeners run first, so that the flush includes their spans.
    setImmediate(flushAndAbort);
  };

  let isEnding = false;
  let isStopped = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    const sendSignalAgain = (): void => {
      process.off(signal, onSignal);
      // A listener that the application added during the flush decides instead.
      if (process.listenerCount(signal) > 0) return;
      reportUnsent();
      process.kill(process.pid, signal);
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

  process.on('beforeExit', onBeforeExit);
  // As the first listener it counts listeners that the application added with once(). Worker threads get no signals.
  if (isMainThread) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  return () => {
    isStopped = true;
    process.off('beforeExit', onBeforeExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
