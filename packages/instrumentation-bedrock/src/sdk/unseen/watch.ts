/** Warns once if calls of Bedrock are not traced although tracing is on: a missing trace does not say why it is missing. */

import { isMainThread } from 'node:worker_threads';
import { type Context, context, ROOT_CONTEXT, type Span, TraceFlags, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { hasOwnSpans, NO_SDK_FOUND, unseenRequest } from './advice.js';
import { endpointHosts, isBedrockAgent, isBedrockHost } from './hosts.js';
import { observeRequests } from './requests.js';

/** Shared by the builds and versions of this package in a process, so that there is one warning. */
interface ProcessState {
  /** Set when a call was traced, or when the warning was written. */
  isOver: boolean;
  /** Set when an SDK was found, or something else that explains why the process ends without a traced call. */
  isExplained: boolean;
  /** Set when the process connected to a host while tracing was on. Without a connection it has not called Bedrock. */
  hasConnected: boolean;
}

const STATE = Symbol.for('opentelemetry-instrumentation-bedrock.unseen-calls.1');
const shared = globalThis as { [STATE]?: ProcessState };
shared[STATE] ??= { isOver: false, isExplained: false, hasConnected: false };
const state = shared[STATE];

/** Test runners, migrations and build tools are installed in `node_modules`; package managers perhaps elsewhere. */
const TOOL =
  /[\\/]node_modules[\\/]|[\\/](?:npm|npx|pnpm|pnpx|yarn|corepack|next|nuxt|nuxi|vite|webpack|rollup|rolldown|esbuild|tsc|nest|cdk|mlflow-bedrock)(?:-cli)?(?:\.[cm]?js)?$/;

/** Attributes of other instrumentations' spans for models: of OpenTelemetry, the AI SDK and OpenInference. */
const MODEL_SPAN = /^(?:gen_ai|ai|openinference|llm)\./;

/** Whether a program loads what `NODE_OPTIONS` names, but is not the application: package managers and build tools. */
export function isTool(program: string): boolean {
  return TOOL.test(program);
}

/** Notes that the process has spans, so its user knows that tracing works. */
export function noteTraces(): void {
  state.isExplained = true;
}

/** Watches requests for one instrumentation, until a call was traced or the warning was written. */
export class UnseenCalls {
  readonly #isTracing: () => boolean;
  readonly #hosts: () => readonly string[];
  readonly #warn: (message: string) => void;
  #stopObserving: (() => void) | undefined;
  #endpoints: ReadonlySet<string> | undefined;
  /** Names of Bedrock's hosts whose requests were seen, each in its context. */
  readonly #seen = new Set<string>();

  /**
   * @param parts.isTracing whether a call would be traced now: the instrumentation is enabled and has a tracer provider
   * @param parts.hosts further hosts of Bedrock
   */
  constructor(parts: { isTracing(): boolean; hosts(): readonly string[]; warn(message: string): void }) {
    this.#isTracing = parts.isTracing;
    this.#hosts = parts.hosts;
    this.#warn = parts.warn;
  }

  start(): void {
    if (state.isOver || this.#stopObserving) return;
    this.#stopObserving = observeRequests({
      request: ({ host, userAgent }) => this.#requested(host, userAgent, context.active()),
      connection: () => {
        const active = context.active();
        if (state.isOver || !this.#wouldTrace(active)) return undefined;
        return (host) => this.#requested(host, undefined, active);
      },
      lookup: (hostname) => this.#lookedUp(hostname),
    });
  }

  stop(): void {
    this.#stopObserving?.();
    this.#stopObserving = undefined;
  }

  /** An SDK was found, so the process does not end without one. */
  found(): void {
    state.isExplained = true;
  }

  /** A call is traced: the set-up works, and requests are no longer watched. */
  traced(): void {
    if (state.isOver && !this.#stopObserving) return;
    state.isOver = true;
    this.stop();
  }

  #requested(host: string, userAgent: string | undefined, active: Context): void {
    try {
      if (state.isOver) {
        this.stop();
        return;
      }
      if (!state.hasConnected && this.#wouldTrace(active)) this.#connected();
      if (!this.#isBedrock(host) && !isBedrockAgent(userAgent)) return;
      this.#seen.add(host.replace(/:\d+$/, ''));
      if (!this.#wouldTrace(active)) return;
      const span = trace.getSpan(active);
      // Whether another instrumentation covers the request is unknown if its spans are not recorded.
      if (span && !(span.spanContext().traceFlags & TraceFlags.SAMPLED)) {
        state.isExplained = true;
        return;
      }
      this.traced();
      if (!(span && isModelSpan(span)) && !hasOwnSpans(userAgent)) this.#warn(unseenRequest(host, userAgent));
    } catch {
      // The diagnostics channel would throw it as an uncaught exception. Only the logger of the application can fail here.
    }
  }

  /** The context of the request is unknown, so this counts only if no other channel shows the request. */
  #lookedUp(hostname: string): void {
    if (!this.#seen.has(hostname) && this.#isBedrock(hostname)) this.#requested(hostname, undefined, ROOT_CONTEXT);
  }

  #isBedrock(host: string): boolean {
    this.#endpoints ??= new Set([...endpointHosts(process.env), ...this.#hosts().map((name) => name.toLowerCase())]);
    return isBedrockHost(host, this.#endpoints);
  }

  #wouldTrace(active: Context): boolean {
    return !isTracingSuppressed(active) && this.#isTracing();
  }

  #connected(): void {
    state.hasConnected = true;
    // The end of a worker thread is not the end of the process.
    if (isMainThread && !isTool(process.argv[1] ?? '')) process.once('exit', () => warnAtExit(this.#warn));
  }
}

function warnAtExit(warn: (message: string) => void): void {
  if (state.isOver || state.isExplained) return;
  state.isOver = true;
  try {
    warn(NO_SDK_FOUND);
  } catch {
    // The logger belongs to the application, whose end must stay the same.
  }
}

function isModelSpan(span: Span): boolean {
  const { attributes } = span as { readonly attributes?: Readonly<Record<string, unknown>> };
  return attributes !== undefined && Object.keys(attributes).some((name) => MODEL_SPAN.test(name));
}
