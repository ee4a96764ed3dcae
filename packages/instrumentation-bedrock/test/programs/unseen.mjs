// An application that sends requests to Bedrock without an SDK that is traced. The first argument selects how.
import http from 'node:http';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { context, DiagConsoleLogger, DiagLogLevel, diag, TraceFlags, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';

const [, , how, url] = process.argv;
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
const register = () => new NodeTracerProvider().register();
if (how !== 'as it should') register();
const instrumentation = new BedrockInstrumentation();
const tracer = trace.getTracer('another instrumentation');

const send = (userAgent = 'node') => fetch(url, { headers: { 'user-agent': userAgent } });
const sendWithHttp = (userAgent) =>
  new Promise((resolve) => {
    http.get(url, { headers: { 'user-agent': userAgent }, agent: false }, (answer) =>
      answer.resume().on('end', resolve),
    );
  });
const sendWithHttp2 = async (to) => {
  const session = http2.connect(to);
  session.on('error', () => session.destroy());
  await new Promise((resolve) => {
    session.request({ 'user-agent': 'aws-sdk-js/3.1161.0' }).on('error', resolve).on('end', resolve).resume();
  });
  session.destroy();
};

const active = () => context.active();
const span = (attributes, traceFlags) => {
  const started = tracer.startSpan('POST', { attributes });
  const shown = traceFlags === undefined ? started : trace.wrapSpanContext({ ...started.spanContext(), traceFlags });
  return trace.setSpan(active(), shown);
};

const WAYS = {
  // Others than Bedrock: a socket of the file system, where no server listens.
  'without a connection': () => new Promise((resolve) => connect('unseen.sock').on('error', resolve)),
  'with fetch': async () => {
    await send('aws-sdk-js/3.1161.0');
    await send('aws-sdk-js/3.1161.0');
  },
  'with http': () => sendWithHttp('OpenAI/JS 4.104.0'),
  'with http2': () => sendWithHttp2(url),
  // The server knows no TLS, so the request fails after the name was looked up.
  'with http2 and TLS': () => sendWithHttp2(url.replace('http://127.0.0.1', 'https://localhost')),
  'with a client that names Bedrock': () => send('aws-sdk-js/3.1161.0 api/bedrock-runtime#3.1161.0'),
  'and ends itself': async () => {
    await context.with(span({ 'http.request.method': 'POST' }), send);
    process.exit(3);
  },
  'after tracing has ended': async () => {
    await send();
    instrumentation.disable();
  },
  // None of these is a fault.
  'as it should': async () => {
    // Without a tracer provider.
    await send();
    register();
    await context.with(suppressTracing(active()), send);
    await context.with(span({}, TraceFlags.NONE), send);
    await context.with(span({}, TraceFlags.NONE), () => fetch(url.replace('127.0.0.1', 'localhost')));
    instrumentation.disable();
    await send();
    instrumentation.enable();
    await context.with(span({ 'gen_ai.operation.name': 'chat' }), send);
    // One request was covered by a span, so the set-up works.
    await send();
  },
};
await WAYS[how]();
