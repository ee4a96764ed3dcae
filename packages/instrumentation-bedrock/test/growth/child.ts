/**
 * Reads each of the long streams in two lengths. Prints a line of JSON for each stream: its name and the work.
 *
 * A process of its own, because it replaces built-in functions while it counts.
 */

import { stringify } from '../../src/data/numbers.js';
import type { Step, StreamOptions } from '../../src/operations/common/operation.js';
import { converseStream } from '../../src/operations/runtime/converse.js';
import { invokeModelStream } from '../../src/operations/runtime/invoke-model.js';
import { AGENT_STREAMS } from './agent-streams.js';
import { type Work, WorkCounter } from './counts.js';
import { KNOWLEDGE_BASE_STREAMS } from './knowledge-base-streams.js';
import { RESPONSES_STREAMS } from './responses-streams.js';
import { type LongStream, STREAMS } from './streams.js';

/** What reading a stream took, and what reading one took that is twice as long. */
export interface StreamWork {
  readonly name: string;
  /** How many chunks the shorter stream has. */
  readonly length: number;
  readonly work: readonly [Work, Work];
}

function events({ modelId, chunk }: LongStream, length: number): object[] {
  return Array.from({ length }, (_, position) => {
    const made = chunk(position);
    return modelId === undefined ? made : { chunk: { bytes: Buffer.from(JSON.stringify(made)) } };
  });
}

/** Reads a stream as a call does, up to the texts of the span's attributes. */
function read({ modelId, ...long }: LongStream, stream: readonly object[], options: StreamOptions): void {
  const operation = long.operation ?? (modelId === undefined ? converseStream : invokeModelStream);
  const request = operation.readRequest({ modelId, body: '{"prompt":""}' }, {});
  const reader = operation.stream?.createReader(request, {}, options);
  if (!reader) return;
  for (const event of stream) {
    const chunk = reader.read(event);
    if (chunk !== undefined) reader.show(chunk);
  }
  reader.isComplete();
  const { dialect, form, body, content, service, steps = [] } = reader.answer(true);
  readSteps(steps, options);
  dialect.readResponse(body() ?? {});
  service?.();
  const copy = options.withContent ? content() : undefined;
  if (copy === undefined) return;
  stringify(dialect.readOutput(form.bodyOf(copy) ?? {}));
  stringify(form.show(copy, dialect.chatView?.response));
}

/** Steps have content of their own. */
function readSteps(steps: readonly Step[], { withContent }: StreamOptions): void {
  for (const { request, answer, steps: inner } of steps) {
    for (const { dialect, form, content } of answer ? [request, answer] : [request]) {
      const copy = withContent ? content() : undefined;
      if (copy !== undefined) stringify(form.show(copy, dialect.chatView?.response));
    }
    readSteps(inner, { withContent, maxRecordLength: 0 });
  }
}

/** The default limit, a limit that nearly all streams exceed, and no content. */
const OPTIONS: readonly StreamOptions[] = [
  { withContent: true, maxRecordLength: 25_000_000 },
  { withContent: true, maxRecordLength: 200 },
  { withContent: false, maxRecordLength: 25_000_000 },
];

/** All together, because counting takes longer than reading. Long streams are read with the default limit only, to save time. */
function readWithAll(stream: LongStream, prepared: readonly object[]): void {
  for (const options of isLong ? OPTIONS.slice(0, 1) : OPTIONS) read(stream, prepared, options);
}

const [, , short, kind] = process.argv;
const length = Number(short);
const isLong = kind === 'long';
const counter = new WorkCounter({ withBytes: isLong });
const report = (result: StreamWork): boolean => process.stdout.write(`${JSON.stringify(result)}\n`);

/** Where chunks take the most work, and V8's first thousand members do not matter: agents, knowledge bases, the whole way. */
const MOST_CHUNKS = 300;

function lengthOf(stream: LongStream): number {
  return AGENT_STREAMS.includes(stream) || KNOWLEDGE_BASE_STREAMS.includes(stream)
    ? Math.min(length, MOST_CHUNKS)
    : length;
}

async function countAll(): Promise<void> {
  // What runs once in a process must not count.
  const streams = [...STREAMS, ...RESPONSES_STREAMS, ...KNOWLEDGE_BASE_STREAMS, ...AGENT_STREAMS];
  for (const stream of streams) readWithAll(stream, events(stream, 8));
  await counter.count(() => undefined);
  for (const stream of streams) {
    const count = (prepared: readonly object[]): Promise<Work> => counter.count(() => readWithAll(stream, prepared));
    const chunks = lengthOf(stream);
    const work = [await count(events(stream, chunks)), await count(events(stream, 2 * chunks))] as const;
    report({ name: stream.name, length: chunks, work });
  }
}

/** Counts the whole way of a chunk, with a span event for each chunk and without. */
async function countThroughClient(): Promise<void> {
  const { readThroughClient } = await import('./client.js');
  // One stream of each operation, because the dialects make no difference there.
  const isOfConverse = ({ modelId }: LongStream): boolean => modelId === undefined;
  const texts = STREAMS.filter(({ name }) => name.endsWith(': text'));
  for (const stream of [texts.find(isOfConverse), texts.find((text) => !isOfConverse(text))]) {
    if (!stream) throw new Error('A stream of an operation is missing.');
    for (const recordStreamEvents of [true, false]) {
      // The AWS SDK uses built-in functions and allocates, too.
      const count = async (chunks: number): Promise<Work> => {
        const prepared = events(stream, chunks);
        const { blocks } = await counter.count(() => readThroughClient(stream, prepared, { recordStreamEvents }));
        return { blocks, items: 0, bytes: 0 };
      };
      await count(8);
      const chunks = Math.min(length, MOST_CHUNKS);
      const name = `${stream.name}, through the client, chunk events ${recordStreamEvents ? 'on' : 'off'}`;
      report({ name, length: chunks, work: [await count(chunks), await count(2 * chunks)] });
    }
  }
}

await counter.start();
await countAll();
if (isLong) await countThroughClient();
