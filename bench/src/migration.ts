/** What other instrumentations record of a call, for the tables in docs/migration. */

import { runChild } from './child.js';
import type { Subject } from './variants.js';

/** An instrumentation that a user may come from. */
export type Peer = Exclude<Subject, 'this project' | 'before'>;

/** A span as an instrumentation recorded it. */
export interface MigrationSpan {
  readonly id: string;
  readonly parent?: string;
  /** The package of the instrumentation. */
  readonly scope: string;
  readonly name: string;
  /** OpenTelemetry's `SpanKind`. */
  readonly kind: number;
  /** OpenTelemetry's `SpanStatus`. */
  readonly status: { readonly code: number };
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * Makes a call of Converse and one of InvokeModel, traced by this project's instrumentation and by another one. The
 * packages must be installed.
 */
export function recordBeside(peer: Peer): Promise<readonly MigrationSpan[]> {
  return runChild(process.execPath, 'migration', peer);
}

/** The same with calls of an agent and a knowledge base, beside OpenInference's package for them. */
export function recordAgentsBeside(): Promise<readonly MigrationSpan[]> {
  return runChild(process.execPath, 'migration-agents', {});
}
