import type { Span } from '@opentelemetry/api';
import type { Identity } from './identity.js';

/** What is known of one request: a local root and the spans below it. */
export class LocalRoot implements Identity {
  sessionId: string | undefined;
  userId: string | undefined;
  readonly traceId: string;
  /** The span without a parent in this process. Undefined once it ended. */
  span: Span | undefined;
  /** Ids of spans that run. */
  readonly running: Set<string> = new Set();
  /** Ids of spans that ended. They are forgotten when the local root ends. */
  readonly ended: Set<string> = new Set();
  /** For the index by span id, which must not keep a request whose spans the application dropped without an end. */
  readonly reference: WeakRef<LocalRoot> = new WeakRef(this);

  constructor(span: Span, { sessionId, userId }: Identity) {
    this.span = span;
    this.traceId = span.spanContext().traceId;
    this.sessionId = sessionId;
    this.userId = userId;
  }
}
