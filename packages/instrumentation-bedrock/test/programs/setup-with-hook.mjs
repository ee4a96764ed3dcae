// With OpenTelemetry's loader hook, as its documentation recommends for ES module applications.
import { register } from 'node:module';

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
await import('./setup.mjs');
