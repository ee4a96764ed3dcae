const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The user's wish to end, by Ctrl-C or otherwise. */
export interface Interrupt {
  /** Aborted at the first such signal. */
  readonly signal: AbortSignal;
  /** Resolves at the first such signal. */
  readonly happened: Promise<void>;
}

/**
 * From now on signals no longer end this process: whoever calls this tidies up and ends it. Later signals are
 * ignored, because npm passes on the Ctrl-C that the terminal has sent us already.
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
