/** Observes web streams in place: the bodies of request handlers that use `fetch`. */

/** The parts of a `ReadableStream` in use. */
interface WebStream {
  getReader(...args: unknown[]): object;
  values(...args: unknown[]): object;
  cancel(...args: unknown[]): unknown;
  pipeTo(...args: unknown[]): unknown;
  pipeThrough(...args: unknown[]): unknown;
  tee(...args: unknown[]): unknown;
}

const READ = ['getReader', 'values'] as const;
/** After these, the application reads no further, or reads what cannot be seen without a copy. */
const LEAVE = ['cancel', 'pipeTo', 'pipeThrough', 'tee'] as const;
/** Of readers and of iterators. */
const READERS = {
  getReader: { read: 'read', leave: ['cancel'] },
  values: { read: 'next', leave: ['return'] },
} as const;

export function isWebStream(stream: object): stream is WebStream {
  return [...READ, ...LEAVE].every((name) => typeof (stream as Partial<WebStream>)[name] === 'function');
}

interface Seam {
  /** Sets a method on an object; returns false if the object does not allow it. */
  replace(object: object, name: PropertyKey, method: object): boolean;
  /** Has what a reader of the stream reads reported to the present observation of the stream. */
  observeReader(reader: object, stream: object, names: (typeof READERS)[keyof typeof READERS]): void;
}

/** @param find returns the present observation of the stream. */
export function observeWebStream(
  stream: WebStream,
  find: () => { abandon(): void } | undefined,
  { replace, observeReader }: Seam,
): boolean {
  const observed = (name: (typeof READ)[number]): object => {
    const create = stream[name];
    return function (this: unknown, ...args: unknown[]): object {
      const reader = create.apply(this as WebStream, args);
      observeReader(reader, stream, READERS[name]);
      return reader;
    };
  };
  const values = observed('values');
  if (!replace(stream, 'getReader', observed('getReader'))) return false;
  replace(stream, 'values', values);
  replace(stream, Symbol.asyncIterator, values);
  for (const name of LEAVE) {
    const leave = stream[name];
    replace(stream, name, function (this: unknown, ...args: unknown[]): unknown {
      find()?.abandon();
      return leave.apply(this as WebStream, args);
    });
  }
  return true;
}
