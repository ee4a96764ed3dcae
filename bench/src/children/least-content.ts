/** What the yardsticks write of inputs and answers: nothing, each once, or each twice as `ours` does. */

import type { Attributes } from '@opentelemetry/api';
import type { Floor } from '../variants.js';

/** A stream's event, as far as it is read here. */
export interface Chunk {
  readonly messageStart?: { readonly role: string };
  readonly contentBlockDelta?: { readonly delta: { readonly text: string } };
  readonly messageStop?: { readonly stopReason: string };
  readonly metadata?: object;
  readonly chunk?: { readonly bytes: Uint8Array };
}

/** An output of the SDK, as far as it is read here. */
export interface Output {
  readonly $metadata?: object;
  readonly stream?: AsyncIterable<Chunk>;
  readonly body?: Uint8Array | AsyncIterable<Chunk>;
  readonly output?: { readonly message: Message };
  readonly stopReason?: string;
}

interface Input {
  readonly body?: string;
  readonly messages?: readonly Message[];
}

interface Message {
  readonly role: string;
  readonly content: string | readonly { readonly text: string }[];
}

export interface Reader {
  readonly add: (chunk: Chunk) => void;
  /** Finds the tokens, and returns what is written of the answer. */
  end(): Attributes;
}

const decoder = new TextDecoder();

export function inputAttributes(input: Input, content: Floor['content']): Attributes {
  if (content === 'none') return {};
  if (content === 'once') return { input: input.body ?? JSON.stringify(input) };
  const record = input.body === undefined ? input : { ...input, body: undefined, ...JSON.parse(input.body) };
  return {
    'gen_ai.input.messages': JSON.stringify(
      record.messages?.map(({ role, content }: Message) => ({ role, parts: partsOf(content) })),
    ),
    'mlflow.spanInputs': JSON.stringify(record),
  };
}

export function answerAttributes(answer: Output, content: Floor['content']): Attributes {
  if (answer.body instanceof Uint8Array) {
    const text = decoder.decode(answer.body);
    const parsed = JSON.parse(text); // For the tokens.
    if (content === 'once') return { output: text };
    return content === 'none' ? {} : twice(parsed, parsed.stop_reason, { $metadata: answer.$metadata, ...parsed });
  }
  if (content === 'none') return {};
  if (content === 'once') return { output: JSON.stringify(answer.output) };
  return twice(answer.output?.message, answer.stopReason, { ...answer, $metadata: undefined });
}

function twice(message: Message | undefined, reason: string | undefined, record: object): Attributes {
  const { role, content = [] } = message ?? {};
  return {
    'gen_ai.output.messages': JSON.stringify([
      { role, parts: partsOf(content), finish_reason: reason === 'end_turn' ? 'stop' : reason },
    ]),
    'mlflow.spanOutputs': JSON.stringify(record),
  };
}

function partsOf(content: Message['content']): object[] {
  return typeof content === 'string'
    ? [{ type: 'text', content }]
    : content.map(({ text }) => ({ type: 'text', content: text }));
}

export function createReader(isConverse: boolean, content: Floor['content']): Reader {
  if (isConverse) return converseReader(content);
  return content === 'none' ? lastChunkReader() : invokeReader(content);
}

/** Its tokens come as numbers, with an event of their own. */
function converseReader(content: Floor['content']): Reader {
  let text = '';
  let role = '';
  let stopReason = '';
  let metadata: object = {};
  return {
    add(chunk) {
      const { contentBlockDelta } = chunk;
      if (content === 'none') return;
      if (contentBlockDelta) text += contentBlockDelta.delta.text;
      else if (chunk.messageStart) role = chunk.messageStart.role;
      else if (chunk.messageStop) stopReason = chunk.messageStop.stopReason;
      else if (chunk.metadata) metadata = chunk.metadata;
    },
    end() {
      if (content === 'none') return {};
      if (content === 'once') return { output: text };
      const message = { role, content: [{ text }] };
      return twice(message, stopReason, { stopReason, ...metadata, output: { message } });
    },
  };
}

function invokeReader(content: Floor['content']): Reader {
  let text = '';
  let message: Message = { role: '', content: '' };
  let end: { readonly delta?: { readonly stop_reason: string }; readonly usage?: object } = {};
  return {
    add({ chunk }) {
      const event = JSON.parse(decoder.decode(chunk?.bytes));
      if (event.type === 'content_block_delta') text += event.delta.text;
      else if (event.type === 'message_start') message = event.message;
      else if (event.type === 'message_delta') end = event;
    },
    end() {
      if (content === 'once') return { output: text };
      const whole = { ...message, content: [{ type: 'text', text }], ...end.delta, usage: end.usage };
      return twice(whole, end.delta?.stop_reason, whole);
    },
  };
}

/** The tokens are in the last one. */
function lastChunkReader(): Reader {
  let bytes: Uint8Array | undefined;
  return {
    add({ chunk }) {
      bytes = chunk?.bytes;
    },
    end() {
      if (bytes) JSON.parse(decoder.decode(bytes));
      return {};
    },
  };
}
