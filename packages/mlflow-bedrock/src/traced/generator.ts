import type { TracedRecorder } from './recorder.js';

/** An open span of a traced function. */
export interface TracedRun {
  readonly recorder: TracedRecorder;
  /** Runs code with the span active. */
  run<T>(work: () => T): T;
}

type AnyGenerator = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>;
type Step = IteratorResult<unknown, unknown>;

// Ends the span when the application drops a generator before its end. The recorder must not refer to the generator.
const dropped = new FinalizationRegistry<TracedRecorder>((recorder) => recorder.finished());

/** Returns the kind of generator. Undefined for anything else, such as an iterator that is not a generator. */
export function generatorKind(value: unknown): 'sync' | 'async' | undefined {
  const tag = typeof value === 'object' && value !== null ? tagOf(value) : '';
  if (tag === '[object Generator]') return 'sync';
  return tag === '[object AsyncGenerator]' ? 'async' : undefined;
}

function tagOf(value: object): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    return ''; // The value is a proxy that throws. The application gets it unchanged.
  }
}

/**
 * Returns a generator with the prototype, items, result and errors of the original, whose span ends with it.
 *
 * @param opened the span, if it is open already.
 * @param start starts the span otherwise, when the first item is requested. A generator that is never read has no span.
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
    // After return() or throw() before the first item, the body never runs, so no span starts later.
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
