/** What the application's hooks get of one call, and what they let be recorded. */

import type { Span } from '@opentelemetry/api';
import type { JsonValue } from '../data/json.js';
import { isThenable } from '../data/promise.js';
import type { BedrockCallInfo, BedrockContent, ResolvedConfig } from '../data/settings.js';
import { prepareContent } from '../span/content.js';

/** Logs a failure inside the instrumentation, once per cause, without the message of the error. */
export type Report = (what: string, error: unknown) => void;

export class CallHooks {
  readonly #info: BedrockCallInfo;
  readonly #config: ResolvedConfig;
  readonly #report: Report;

  constructor(info: BedrockCallInfo, { config, report }: { readonly config: ResolvedConfig; readonly report: Report }) {
    this.#info = info;
    this.#config = config;
    this.#report = report;
  }

  /** Returns the content to record. Calls `read` only if content is recorded. */
  prepare(kind: BedrockContent['kind'], read: () => JsonValue | undefined): JsonValue | undefined {
    if (!this.#config.captureContent) return undefined;
    return prepareContent(kind, read(), this.#info, this.#config, this.#report);
  }

  /** Hooks are code of the application. What they throw is reported and must not reach its call. */
  run<Seen>(
    name: 'requestHook' | 'responseHook',
    hook: ((span: Span, info: BedrockCallInfo & Seen) => unknown) | undefined,
    span: Span,
    seen: Seen,
  ): void {
    try {
      const returned = hook?.(span, { ...this.#info, ...seen });
      if (isThenable(returned)) returned.then(undefined, (error: unknown) => this.#report(`${name} rejected`, error));
    } catch (error) {
      this.#report(`${name} threw`, error);
    }
  }
}
