/** Generators in a span: it starts with the first item that is asked for and ends with the generator. */

import type { TracedRecorder } from './traced-recorder.js';

/** A span that is open, and how to run code inside of it. */
export interface TracedRun {
  readonly recorder: TracedRecorder;
  run<T>(work: () => T): T;
}

type AnyGenerator = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>;
type Step = IteratorResult<unknown, unknown>;

// Ends the spans of generators that were dropped half read. Nothing held here may refer to the generator.
const dropped = new FinalizationRegistry<TracedRecorder>((recorder) => recorder.finished());

/** Which kind of generator the value is; undefined for anything else, also for iterators of other make. */
export function generatorKind(value: unknown): 'sync' | 'async' | undefined {
  const tag = typeof value === 'object' && value !== null ? tagOf(value) : '';
  if (tag === '[object Generator]') return 'sync';
  return tag === '[object AsyncGenerator]' ? 'async' : undefined;
}

function tagOf(value: object): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return ''; // A proxy that refuses: the application may return one, and reads it as it knows how.
  }
}

/**
 * The generator in a span. The object given has the prototype of the original, so it is the same to its reader.
 *
 * @param opened the span where it is open already.
 * @param start opens it otherwise, when the first item is asked for: a generator that is never read leaves no span.
 */
export function traceGenerator<G extends object>(
  original: G,
  kind: 'sync' | 'async',
  { opened, start }: { opened?: TracedRun; start?: () => TracedRun | undefined },
): G {
  const generator = original as unknown as AnyGenerator;
  const traced = Object.create(Object.getPrototypeOf(original)) as G;
  let current: TracedRun | undefined;
  const open = (started: TracedRun | undefined): void => {
    current = started;
    if (started) dropped.register(traced, started.recorder);
  };
  let isOpen = opened !== undefined;
  if (opened) open(opened);

  const settle = (recorder: TracedRecorder, { done, value }: Step): Step => {
    if (done) recorder.finished();
    else recorder.item(value);
    return { done, value } as Step;
  };
  const advance = (step: () => unknown): unknown => {
    if (current === undefined) return step();
    const { recorder, run } = current;
    try {
      const result = run(step);
      if (kind === 'sync') return settle(recorder, result as Step);
      return (result as Promise<Step>).then(
        (answer) => settle(recorder, answer),
        (error: unknown) => {
          recorder.failed(error);
          throw error;
        },
      );
    } catch (error) {
      recorder.failed(error);
      throw error;
    }
  };
  const methods = {
    next: (value: unknown) => {
      if (!isOpen) open(start?.());
      isOpen = true;
      return advance(() => generator.next(value));
    },
    // Closed before its first item, the body never runs: there is nothing to trace, then or later.
    return: (value: unknown) => {
      isOpen = true;
      return advance(() => generator.return(value));
    },
    throw: (error: unknown) => {
      isOpen = true;
      return advance(() => generator.throw(error));
    },
  };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(traced, name, { value, configurable: true, writable: true });
  }
  return traced;
}
