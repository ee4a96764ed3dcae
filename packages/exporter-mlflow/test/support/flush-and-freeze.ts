import { MlflowSpanExporter } from '../../src/index.js';
import { startTracing } from './tracing.js';

// As a serverless function does: spans, a flush, and then the process is frozen as it is.
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
