/** Watches the application from inside, in the doctor's test run, and writes what happens to a file. */

import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { threadId } from 'node:worker_threads';
import {
  endpointHosts,
  isBedrockAgent,
  isBedrockHost,
  observeRequests,
} from 'opentelemetry-instrumentation-bedrock/requests';
import { type AutologStarted, autologStarted, endedSpans } from '../../common/channels.js';
import { EVENTS_FILE, type Happening } from '../model/events.js';
import { type EndedSpan, isModelSpan } from './model-span.js';

/** Servers are ended by a signal, which emits no event, so the probe looks from time to time. */
const LOOK_MILLIS = 200;
/** A program that makes more spans shows nothing new with them. */
const MAX_SPANS = 2_000;
const SDK_FILE =
  /[\\/](?:@smithy[\\/]core[\\/]dist-cjs[\\/]submodules[\\/]client|@smithy[\\/]smithy-client[\\/]dist-cjs)[\\/]index\.js$/;
/** Where the OpenTelemetry API keeps its global objects, and where this package keeps its state. */
const API = Symbol.for('opentelemetry.js.api.1');
const STATE = Symbol.for('mlflow-bedrock.state.v2');

interface Globals {
  readonly [API]?: { readonly trace?: unknown };
  readonly [STATE]?: { readonly hasProcessor?: boolean };
}

/** Starts to watch this thread. Does nothing outside of the doctor's test run. */
export function observe(): void {
  const file = process.env[EVENTS_FILE];
  if (file === undefined) return;
  const { cache } = createRequire(process.execPath);
  const globals = globalThis as Globals;
  const endpoints = endpointHosts(process.env);
  const seen = new Set<string>();
  let spans = 0;
  let ranEmpty = false;

  const write = (happening: Happening, at = Date.now()): void => {
    try {
      appendFileSync(file, `${JSON.stringify({ at, pid: process.pid, thread: threadId, ...happening })}\n`);
    } catch {
      // The application must not notice: it has no permission to write, or it outlives the doctor.
    }
  };
  const writeOnce = (key: string, happening: Happening, at?: number): void => {
    if (seen.has(key)) return;
    seen.add(key);
    write(happening, at);
  };
  const requested = (host: string, userAgent: string | undefined, at?: number): void => {
    if (!isBedrockHost(host, endpoints) && !isBedrockAgent(userAgent)) return;
    const client = userAgent === undefined ? {} : { userAgent };
    writeOnce(`request ${host} ${userAgent}`, { event: 'request', host, ...client }, at);
  };
  const look = (): void => {
    if (!seen.has('sdk') && Object.keys(cache).some((path) => SDK_FILE.test(path))) writeOnce('sdk', { event: 'sdk' });
    if (globals[API]?.trace !== undefined) writeOnce('provider', { event: 'provider' });
  };

  observeRequests({
    request: ({ host, userAgent }) => requested(host, userAgent),
    connection() {
      const at = Date.now();
      return (host) => requested(host, undefined, at);
    },
    lookup: (hostname) => requested(hostname, undefined),
  });
  subscribe(autologStarted.name, (message) => {
    const hasProcessor = globals[STATE]?.hasProcessor === true;
    write({ event: 'autolog', started: message as AutologStarted, hasProcessor });
  });
  subscribe(endedSpans.name, (message) => {
    const span = message as EndedSpan;
    const { traceId, spanId, traceFlags } = span.spanContext();
    spans += 1;
    if (spans > MAX_SPANS || (traceFlags & 1) === 0) return;
    write({ event: 'span', traceId, spanId, isModelCall: isModelSpan(span) });
  });
  setInterval(look, LOOK_MILLIS).unref();
  process.on('uncaughtExceptionMonitor', () => write({ event: 'uncaught' }));
  process.on('beforeExit', () => {
    ranEmpty = true;
  });
  process.on('exit', () => {
    look();
    write({ event: 'exit', ranEmpty });
  });
}
