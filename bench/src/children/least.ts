/**
 * The least that any instrumentation does which records as much as `ours`: it starts and ends a span, is told of each
 * chunk of a stream, finds the tokens, and writes the content of input and answer once. No options, no other models or
 * operations, no errors, nothing that the application could break: what costs more than this may be too much, what must
 * cost less cannot record as much. The facts are constants, and only what must be parsed to find them is parsed.
 */

import type { Attributes } from '@opentelemetry/api';

/** Input and output of the SDK, as far as they are read here. */
export interface Exchanged {
  readonly body?: string | Uint8Array | AsyncIterable<Chunk>;
  readonly output?: unknown;
  readonly stream?: AsyncIterable<Chunk>;
}

interface Chunk {
  readonly contentBlockDelta?: { readonly delta?: { readonly text?: string } };
  readonly chunk?: { readonly bytes: Uint8Array };
}

interface Reader {
  readonly add: (chunk: Chunk) => void;
  /** Finds the tokens, and returns what the answer says. */
  end(): string;
}

const decoder = new TextDecoder();

/**
 * Reads an answer, and calls `end` with its content when there is no more of it.
 *
 * @param withContent false where no content is recorded; tokens are looked for all the same.
 */
export function readLeast(
  input: Exchanged,
  output: Exchanged,
  withContent: boolean,
  end: (content: Attributes) => void,
): void {
  const finish = (text: string): void =>
    end(withContent ? { input: (input.body as string | undefined) ?? JSON.stringify(input), output: text } : {});
  const { stream, body } = output;
  if (stream) watch(stream, converseReader(withContent), finish);
  else if (body instanceof Uint8Array) finish(readBody(body));
  else if (typeof body === 'object') watch(body, withContent ? invokeReader() : lastChunkReader(), finish);
  else finish(withContent ? JSON.stringify(output.output) : '');
}

/** A thin wrapper: the application waits for one more promise, as it must when somebody is to be told. */
export function watchThinly<Item>(
  stream: AsyncIterable<Item>,
  onChunk: (chunk: Item) => void,
  onEnd: () => void,
): void {
  const createIterator = stream[Symbol.asyncIterator];
  stream[Symbol.asyncIterator] = () => {
    const iterator = createIterator.call(stream);
    const tell = (result: IteratorResult<Item>): IteratorResult<Item> => {
      if (result.done) onEnd();
      else onChunk(result.value);
      return result;
    };
    return { next: () => iterator.next().then(tell) };
  };
}

function watch(stream: AsyncIterable<Chunk>, reader: Reader, finish: (text: string) => void): void {
  watchThinly(stream, reader.add, () => finish(reader.end()));
}

/** Its tokens come as numbers, with an event of their own. */
function converseReader(withContent: boolean): Reader {
  let text = '';
  return {
    add: ({ contentBlockDelta }) => {
      if (withContent) text += contentBlockDelta?.delta?.text ?? '';
    },
    end: () => text,
  };
}

function readBody(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  JSON.parse(text); // For the tokens.
  return text;
}

function invokeReader(): Reader {
  let text = '';
  return {
    add: ({ chunk }) => {
      const { delta } = JSON.parse(decoder.decode(chunk?.bytes));
      text += delta?.text ?? '';
    },
    end: () => text,
  };
}

/** The tokens are in the last one. */
function lastChunkReader(): Reader {
  let bytes: Uint8Array = new Uint8Array();
  return {
    add: ({ chunk }) => {
      bytes = chunk?.bytes ?? bytes;
    },
    end: () => readBody(bytes),
  };
}
