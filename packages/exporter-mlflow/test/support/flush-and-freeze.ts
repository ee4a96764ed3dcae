import { MlflowSpanExporter } from '../../src/index.js';
import { startTracing } from './tracing.js';

// Acts like a serverless function: records spans, flushes them, and then the process is frozen.
const [, , trackingUri = ''] = process.argv;
const resources = (): string[] =>
  process
    .getActiveResourcesInfo()
    .filter((name) => /TCP|Timeout|Immediate|FSReq|Zlib|GetAddrInfo/.test(name))
    .sort();
const exporter = new MlflowSpanExporter({ trackingUri });
const { tracer, flush } = startTracing(exporter);
const before = resources();
tracer.startSpan('invocation').end();
await flush();
await exporter.forceFlush();
const after = resources();
const requests = after.filter((name) => name.includes('Req'));
process.stdout.write(JSON.stringify({ before, after, requests }));
