/**
 * Yardsticks: a span with the attributes that `ours` has without content, as the parent of the call, and content written
 * once, or in the two forms and with all that `ours` looks at. They know one kind of request and answer for each
 * operation, no options, no other models and nothing that the application could break. The facts are constants, and only
 * what must be parsed to find them is parsed.
 */

import type { Attributes, Span, Tracer } from '@opentelemetry/api';
import { loadPeer } from '../peers.js';
import type { Floor } from '../variants.js';
import { answerAttributes, type Chunk, createReader, inputAttributes, type Output } from './least-content.js';
import { seeExchange, watchThinly, watchWhole } from './least-watch.js';
import type { BenchSpan } from './tracing.js';

export type Send = (this: Client, command: Command, ...rest: unknown[]) => Promise<Output>;

interface Client {
  readonly config: { readonly requestHandler: object };
}

interface Command {
  readonly input: object;
}

/** @param learned is asked at each call for the span that `ours` made without content: its name and attributes are written. */
export function createLeastSend(floor: Floor, tracer: Tracer, send: Send, learned: () => BenchSpan | undefined): Send {
  const { context, trace, SpanKind } = loadPeer('@opentelemetry/api');
  const { content, isWhole } = floor;
  return function (command, ...rest) {
    const { name = 'chat', attributes = {} } = learned() ?? {};
    const span: Span = tracer.startSpan(name, { kind: SpanKind.CLIENT });
    const seen = isWhole ? seeExchange(this.config.requestHandler, span) : undefined;
    const sent = context.with(trace.setSpan(context.active(), span), () => send.call(this, command, ...rest));
    if (!span.isRecording()) return sent;
    const input = inputAttributes(command.input, content);
    const finish = (answer: Attributes): void => {
      span.setAttributes(Object.assign({}, attributes, seen, input, answer));
      span.end();
    };
    const succeed = (output: Output): Output => {
      read(output, floor, finish);
      return output;
    };
    if (!isWhole) return sent.then(succeed);
    return sent.then(succeed, (error: unknown) => {
      finish({});
      throw error;
    });
  };
}

function read(output: Output, { content, isWhole }: Floor, finish: (answer: Attributes) => void): void {
  const stream = output.stream ?? output.body;
  if (stream === undefined || stream instanceof Uint8Array) {
    finish(answerAttributes(output, content));
    return;
  }
  const reader = createReader(stream === output.stream, content);
  const watch = isWhole ? watchWhole : watchThinly;
  watch<Chunk>(stream, reader.add, () => finish(reader.end()));
}
