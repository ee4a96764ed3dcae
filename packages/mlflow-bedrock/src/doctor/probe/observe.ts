/** Watches the application from inside, in the doctor's test run, and writes what happens to a file. */

import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { PerformanceObserver, performance } from 'node:perf_hooks';
import { threadId } from 'node:worker_threads';
import { autologStarted, endedSpans } from '../../common/channels.js';
import { EVENTS_FILE, type Happening } from '../model/events.js';
import { bedrockHosts } from './bedrock-hosts.js';

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

interface EndedSpan {
  readonly instrumentationScope?: { readonly name?: string };
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number };
}

/** Starts to watch this thread. Does nothing outside of the doctor's test run. */
export function observe(): void {
  const file = process.env[EVENTS_FILE];
  if (file === undefined) return;
  const { cache } = createRequire(process.execPath);
  const globals = globalThis as Globals;
  const isBedrock = bedrockHosts(process.env);
  const seen = new Set<string>();
  let spans = 0;
  let ranEmpty = false;

  const write = (happening: Happening, at = now()): void => {
    appendFileSync(file, `${JSON.stringify({ at, pid: process.pid, thread: threadId, ...happening })}\n`);
  };
  const writeOnce = (key: string, happening: Happening, at?: number): void => {
    if (seen.has(key)) return;
    seen.add(key);
    write(happening, at);
  };
  const requested = (host: string, port: number | undefined, at?: number): void => {
    if (isBedrock(host, port)) writeOnce(`request ${host}`, { event: 'request', host }, at);
  };
  const connections = new PerformanceObserver((list) => list.getEntries().forEach(connected));
  const connected = ({ detail, startTime }: { readonly detail?: unknown; readonly startTime: number }): void => {
    const { hostname, host, port } = detail as { hostname?: string; host?: string; port?: number };
    requested(hostname ?? host ?? '', port, performance.timeOrigin + startTime);
  };
  const look = (): void => {
    if (!seen.has('sdk') && Object.keys(cache).some((path) => SDK_FILE.test(path))) writeOnce('sdk', { event: 'sdk' });
    if (globals[API]?.trace !== undefined) writeOnce('provider', { event: 'provider' });
    connections.takeRecords().forEach(connected);
  };

  // The AWS SDK speaks HTTP/2, for which Node.js 20 has no diagnostics channel.
  connections.observe({ entryTypes: ['net', 'dns'] });
  subscribe('undici:request:create', (message) => {
    const { origin } = (message as { request?: { origin?: unknown } }).request ?? {};
    const text = String(origin);
    if (URL.canParse(text)) requested(new URL(text).hostname, Number(new URL(text).port) || undefined);
  });
  subscribe(autologStarted.name, (message) => {
    const started = message as Extract<Happening, { event: 'autolog' }>['started'];
    write({ event: 'autolog', started, hasProcessor: globals[STATE]?.hasProcessor === true });
  });
  subscribe(endedSpans.name, (message) => {
    const { instrumentationScope, spanContext } = message as EndedSpan;
    const { traceId, spanId, traceFlags } = spanContext.call(message);
    spans += 1;
    if (spans > MAX_SPANS || (traceFlags & 1) === 0) return;
    write({ event: 'span', traceId, spanId, scope: instrumentationScope?.name ?? '' });
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

function now(): number {
  return performance.timeOrigin + performance.now();
}
