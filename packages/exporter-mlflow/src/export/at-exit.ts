const waiting = new Set<() => void>();

const runAll = (): void => {
  for (const run of waiting) run();
};

/**
 * Runs `run` when the process ends, unless the function it gives is called before. For last words: a processor whose
 * last batch failed never shuts its exporter down.
 */
export function atExit(run: () => void): () => void {
  // One listener for all, because Node.js warns of a leak at the eleventh.
  if (waiting.size === 0) process.once('exit', runAll);
  waiting.add(run);
  return () => {
    waiting.delete(run);
    if (waiting.size === 0) process.off('exit', runAll);
  };
}
