import { isMainThread } from 'node:worker_threads';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export interface AtEnd {
  /** Whether there is anything to flush. */
  hasUnsent(): boolean;
  /** Resolves with false when time ran out. Never rejects. */
  flush(): Promise<boolean>;
  /** As `flush`, and when time runs out it ends what is under way, which would keep the process alive. Never rejects. */
  flushOrGiveUp(): Promise<void>;
}

/**
 * Flushes when the process comes to its end by itself or by SIGTERM or SIGINT, and lets it end as it would have: with
 * the same exit code, or by the same signal. Where the application listens to a signal, the application decides.
 *
 * @returns a function that stops it
 */
export function flushAtEnd({ hasUnsent, flush, flushOrGiveUp }: AtEnd): () => void {
  const onBeforeExit = (): void => {
    // Work begun here makes Node.js ask again when it is done.
    if (!hasUnsent()) return;
    // Other listeners may have begun work of their own, which is not to be cut off.
    if (process.listenerCount('beforeExit') > 1) {
      void flushOrGiveUp();
      return;
    }
    void flush().then((isComplete) => {
      // A request without an answer keeps the process alive.
      if (!isComplete) process.exit();
    });
  };

  let isEnding = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    const die = (): void => {
      process.off(signal, onSignal);
      // Without a listener the signal ends the process. The application may have added one meanwhile.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    // The application listens, too, and would have lived on.
    if (process.listenerCount(signal) > 1) {
      if (hasUnsent()) void flush();
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

  process.on('beforeExit', onBeforeExit);
  // First, to see listeners of the application that are there for one time only. Worker threads get no signals.
  if (isMainThread) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  return () => {
    process.off('beforeExit', onBeforeExit);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
