import { type Attributes, context, type Span, TraceFlags, trace } from '@opentelemetry/api';
import { chatAttributes, recordSpans } from './tracing.js';

/** When requests start, in milliseconds of the epoch. */
export const START = 1_790_000_000_000;

interface RequestOptions {
  user: string;
  /** Milliseconds from the start of all requests. */
  at?: number;
  until?: number;
  /** Default: no parent at all. */
  parent?: Span | undefined;
  /** What the request knows about itself on all of its spans. Default: session and user. */
  identity?: Attributes;
}

/** Session and user of a request. */
export const identityOf = (user: string) => ({ 'session.id': `session of ${user}`, 'user.id': user });

/** The spans of one request, in the order of their end: two model calls below an agent, and the local root. */
export function request({ user, at = 0, until = at + 1000, parent, identity = identityOf(user) }: RequestOptions) {
  return recordSpans((tracer) => {
    const start = (name: string, offset: number, above: Span | undefined, attributes: Attributes = {}): Span =>
      tracer.startSpan(
        `${user} ${name}`,
        { startTime: START + at + offset, attributes: { ...identity, ...attributes } },
        above ? trace.setSpan(context.active(), above) : context.active(),
      );
    const root = start('root', 0, parent, {
      [`mlflow.traceTag.${user}`]: user,
      'mlflow.traceTag.user': user,
      [`mlflow.traceMetadata.${user}`]: user,
    });
    const agent = start('agent', 10, root);
    for (const offset of [20, 40]) {
      const call = start('chat', offset, agent, chatAttributes(`${user} asks ${offset}`, `${user} hears ${offset}`));
      call.end(START + at + offset + 10);
    }
    agent.end(START + until - 10);
    root.end(START + until);
  });
}

let traces = 0;
/** A parent in another service, of a new trace. */
export function remoteParent(): Span {
  const traceId = `${process.pid.toString(16)}${Date.now().toString(16)}${(traces++).toString(16)}`.padEnd(32, 'a');
  return trace.wrapSpanContext({ traceId, spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED, isRemote: true });
}
