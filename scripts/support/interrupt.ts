const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A request of the user to end, by Ctrl-C for example. */
export interface Interrupt {
  /** Aborted at the first such signal. */
  readonly signal: AbortSignal;
  /** Resolves at the first such signal. */
  readonly happened: Promise<void>;
}

/**
 * Takes over the signals that end this process. The caller cleans up and ends the process. Later signals have no effect,
 * because npm repeats the Ctrl-C that the terminal has already sent to this process.
 */
export function catchInterrupt(): Interrupt {
  const controller = new AbortController();
  const happened = new Promise<void>((resolve) => {
    for (const name of SIGNALS) {
      process.on(name, () => {
        controller.abort();
        resolve();
      });
    }
  });
  return { signal: controller.signal, happened };
}
