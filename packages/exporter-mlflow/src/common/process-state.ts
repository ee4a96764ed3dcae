/**
 * State that all exporters of a process share, even if the package is loaded more than once, for example as CommonJS
 * and as an ES module.
 */
interface ProcessState {
  /** How many exporters have metrics. */
  numbered: number;
  /** Runs when the process ends. */
  atExit: Set<() => void>;
}

const KEY = Symbol.for('opentelemetry-exporter-mlflow.process-state.1');

function processState(): ProcessState {
  const holder = globalThis as { [KEY]?: ProcessState };
  holder[KEY] ??= { numbered: 0, atExit: new Set() };
  return holder[KEY];
}

/** A number that no other exporter of this process has, counted from 0. */
export function nextExporterNumber(): number {
  return processState().numbered++;
}

/**
 * Runs `run` when the process ends, unless the returned function is called before. A processor whose last batch failed
 * never shuts its exporter down, so this is the last chance to report something.
 */
export function atExit(run: () => void): () => void {
  const { atExit: waiting } = processState();
  // One listener for all exporters, because Node.js warns of a leak at the eleventh.
  if (waiting.size === 0) process.once('exit', runAll);
  waiting.add(run);
  return () => {
    waiting.delete(run);
    if (waiting.size === 0) process.off('exit', runAll);
  };
}

function runAll(): void {
  for (const run of processState().atExit) run();
}
