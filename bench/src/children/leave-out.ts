/**
 * Parts of this project's instrumentation that can be left out of it for a measurement, by replacing functions of its
 * built modules: what a call costs less without one is what that part costs.
 */

import { loadOurs, loadPeer } from '../peers.js';
import { watchThinly } from './least-watch.js';

const { context } = loadPeer('@opentelemetry/api');

/** A function in place of one that a module of `dist/cjs` exports, or that an exported class or object has. */
interface Replacement {
  readonly module: string;
  readonly object?: string;
  readonly name: string;
  readonly by: (...args: never[]) => unknown;
}

export interface LeftOut {
  /** For the instrumentation, beside those of `ours`. */
  readonly options?: object;
  readonly replaced?: readonly Replacement[];
}

interface Observer {
  onChunk(chunk: unknown): void;
  onEnd(): void;
}

const nothing = (): undefined => undefined;
const nothingRead = ({ dialect }: { dialect: unknown }): object => ({
  dialect,
  body: nothing,
  content: nothing,
  bodyOf: nothing,
  record: nothing,
});

const EXCHANGE: Replacement = {
  module: 'transport',
  object: 'WatchedTransport',
  name: 'run',
  by: (active: unknown, send: () => unknown) => context.with(active, send),
};
const STREAM: Replacement = {
  module: 'stream',
  name: 'observeStream',
  by: (stream: AsyncIterable<unknown>, { onChunk, onEnd }: Observer) => {
    watchThinly(stream, onChunk, onEnd);
    return true;
  },
};
const REQUEST: Replacement = { module: 'span-recorder', object: 'SpanRecorder', name: 'recordRequest', by: nothing };
const FACTS: Replacement = { module: 'span-recorder', object: 'SpanRecorder', name: 'setFacts', by: nothing };
const RESPONSE = { name: 'readResponse', by: nothingRead };
const STREAMED = {
  name: 'createStream',
  by: (request: { dialect: unknown }) => ({
    read: () => null,
    isComplete: () => true,
    response: () => nothingRead(request),
  }),
};
const ANSWER: readonly Replacement[] = [
  { module: 'apis/converse', object: 'converseApi', ...RESPONSE },
  { module: 'apis/converse', object: 'converseStreamApi', ...STREAMED },
  { module: 'apis/invoke-model', object: 'invokeModelApi', ...RESPONSE },
  { module: 'apis/invoke-model', object: 'invokeModelStreamApi', ...STREAMED },
];

const ONE_FORM = { contentFormats: ['gen_ai'] };
const NO_CONTENT = { captureMessageContent: false };

/** By the name of its row. */
export const LEFT_OUT: Readonly<Record<string, LeftOut>> = {
  '(a) seeing the HTTP exchange': { replaced: [EXCHANGE] },
  '(b) watching a stream in place, and whether it is dropped': { replaced: [STREAM] },
  "(c) content in MLflow's form": { options: ONE_FORM },
  'a, b and c': { replaced: [EXCHANGE, STREAM], options: ONE_FORM },
  '(d) all content': { options: NO_CONTENT },
  'a, b and d': { replaced: [EXCHANGE, STREAM], options: NO_CONTENT },
  '(e) the request: its facts and content': { replaced: [REQUEST] },
  '(f) the answer: its chunks, facts and content': { replaced: ANSWER },
  '(g) writing what is no content': { replaced: [FACTS] },
  'a, b, e, f and g': { replaced: [EXCHANGE, STREAM, REQUEST, FACTS, ...ANSWER] },
};

/**
 * Replaces functions.
 *
 * @returns puts them back
 * @throws Error when there is none of that name
 */
export function leaveOut(replaced: readonly Replacement[]): () => void {
  const putBacks = replaced.map(({ module, object, name, by }) => {
    const exported = loadOurs(`${module}.js`);
    const named = object === undefined ? exported : exported[object];
    const holder = typeof named === 'function' ? named.prototype : named;
    const original = holder?.[name];
    if (typeof original !== 'function') throw new Error(`${module}.ts has no function ${name} that could be left out.`);
    holder[name] = by;
    return () => {
      holder[name] = original;
    };
  });
  return () => {
    for (const putBack of putBacks) putBack();
  };
}
