import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface AtEnd {
  /** Whether there is anything to flush. */
  hasUnsent(): boolean;
  /** Resolves with false when time ran out. Never rejects. */
  flush(): Promise<boolean>;
  /**
   * As `flush`, and after this time it ends what is under way. Resolves with false when something could not be ended,
   * and keeps the process alive. Never rejects.
   */
  flushOrGiveUp(timeoutMillis: number): Promise<boolean>;
  /** The longest that the end of the process is put off, over all its flushes, in milliseconds. */
  readonly flushTimeoutMillis: number;
}

/**
 * Flushes when the process comes to its end by itself or by SIGTERM or SIGINT, and lets it end as it would have: with
 * the same exit code, or by the same signal. Where the application listens to a signal, the application decides.
 *
 * @returns a function that stops it
 */
export function flushAtEnd({ hasUnsent, flush, flushOrGiveUp, flushTimeoutMillis }: AtEnd): () => void {
  let leftMillis = flushTimeoutMillis;
  let othersListen = false;
  const onBeforeExit = (): void => {
    // Counted before they run: one that listens once is gone when its work goes on.
    othersListen ||= process.listenerCount('beforeExit') > 1;
    // Work begun here makes Node.js ask again when it is done, and run the other listeners again; not for ever.
    if (!hasUnsent() || leftMillis < 1) return;
    // After the other listeners: what they trace is sent as well, and is no reason to ask, and run them, once more.
    setImmediate(async () => {
      const begin = performance.now();
      const isOver = await flushOrGiveUp(leftMillis);
      leftMillis -= performance.now() - begin;
      // Other listeners may have begun work, which is not to be cut off.
      if (othersListen || process.listenerCount('beforeExit') > 1) return;
      // Without them, the process ends here. What goes on sending would keep it alive, and so would each span of a timer
      // that itself is no reason to live on.
      if (!isOver || hasUnsent()) endProcess();
    });
  };

  let isEnding = false;
  let isStopped = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    const die = (): void => {
      process.off(signal, onSignal);
      // Without a listener the signal ends the process. The application may have added one meanwhile.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    if (process.listenerCount(signal) > 1) {
      if (hasUnsent()) void flush();
      // The application listens, too, and decides. Some libraries end the process when nobody but them listens, so they
      // are not to see this listener.
      process.off(signal, onSignal);
      process.nextTick(() => {
        if (!isStopped) process.prependListener(signal, onSignal);
      });
      return;
    }
    // The second signal is from somebody who does not want to wait.
    if (isEnding || !hasUnsent()) {
      die();
      return;
    }
    isEnding = true;
    void flush().then(die);
  };

  // First, to tell what the application traced before from what its listeners trace.
  process.prependListener('beforeExit', onBeforeExit);
  // First, to see listeners of the application that are there for one time only. Worker threads get no signals.
  if (isMainThread) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  return () => {
    isStopped = true;
    process.off('beforeExit', onBeforeExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}

/** Node's code for a module that waits for ever at its top level. */
const UNSETTLED_TOP_LEVEL_AWAIT = 13;

/** Ends the process with the code that it would have by itself; `process.exit()` forgets a module that still waits. */
function endProcess(): void {
  const isWaiting = process.listeners('exit').some(({ name }) => name === 'handleProcessExit');
  if (isWaiting) process.exitCode ??= UNSETTLED_TOP_LEVEL_AWAIT;
  process.exit();
}
