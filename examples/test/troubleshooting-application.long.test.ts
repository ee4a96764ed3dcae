/** Checks docs/troubleshooting.md: what an application logs, or does not log, after a mistake on its side. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { build } from 'esbuild';
import { testServer } from 'testing/mlflow-test-server.js';
import { type Finished, runNode } from 'testing/run.js';
import { tracesOf } from './run-example.js';
import { expectQuoted } from './support/troubleshooting-page.js';

const EXAMPLES = resolve(import.meta.dirname, '..');
const REGISTER = ['--import', 'mlflow-bedrock/register'];
const CALL = `import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  const call = () => new BedrockRuntimeClient().send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));`;
const OWN_PROVIDER = `import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
  import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
  import { MlflowSpanExporter } from 'opentelemetry-exporter-mlflow';
  import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';
  new BedrockInstrumentation();
  const processor = new BatchSpanProcessor(new MlflowSpanExporter({ timeoutMillis: 500 }));
  const provider = new NodeTracerProvider({ spanProcessors: [processor] });
  provider.register();`;
/** Bedrock's errors, from recordings and AWS's documentation. */
const BEDROCK_ERRORS: readonly (readonly [type: string, status: number, message: string])[] = [
  [
    'AccessDeniedException',
    403,
    'User: arn:aws:sts::123456789012:assumed-role/my-app/task is not authorized to perform: bedrock:InvokeModel on resource: arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0 because no identity-based policy allows the bedrock:InvokeModel action',
  ],
  ['AccessDeniedException', 403, "You don't have access to the model with the specified model ID."],
  [
    'ValidationException',
    400,
    'Invocation of model ID anthropic.claude-sonnet-4-5-20250929-v1:0 with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.',
  ],
  ['ValidationException', 400, 'The provided model identifier is invalid.'],
  [
    'ResourceNotFoundException',
    404,
    'Access denied. This Model is marked by provider as Legacy and you have not been actively using the model in the last 30 days. Please upgrade to an active model on Amazon Bedrock',
  ],
  ['ExpiredTokenException', 403, 'The security token included in the request is expired'],
  ['UnrecognizedClientException', 403, 'The security token included in the request is invalid.'],
  ['ThrottlingException', 429, 'Too many requests, please wait before trying again.'],
];

interface Program {
  readonly code: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly args?: string[];
}

describe('docs/troubleshooting.md: applications', function () {
  this.timeout(120_000);
  let simulator: Simulator;
  let url: string;
  let answer: SimulatedResponse | undefined;
  const opened: Server[] = [];

  before(async () => {
    [{ url }, simulator] = await Promise.all([testServer(), startSimulator({ respond: () => answer })]);
  });
  after(async () => {
    for (const server of opened) server.close();
    await simulator.close();
  });

  /** Runs a program in the folder of the examples and counts its traces. */
  const run = async ({ code, env = {}, args = REGISTER }: Program): Promise<Finished & { traces: number }> => {
    const experimentName = `troubleshooting-${randomUUID()}`;
    const finished = await runNode([...args, '--input-type=module', '--eval', code], {
      cwd: EXAMPLES,
      env: {
        PATH: process.env['PATH'],
        HOME: '/nonexistent',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
        MLFLOW_TRACKING_URI: url,
        MLFLOW_EXPERIMENT_NAME: experimentName,
        ...env,
      },
    });
    return { ...finished, traces: (await tracesOf(experimentName)).length };
  };

  it('lists mistakes that leave no trace, in a program that leaves a trace without them', async () => {
    const bundle = await bundled(`${CALL} await call();`);
    try {
      const [plain, debug, exiting, sampledOut, off, silent, unregistered, bundledRun] = await Promise.all([
        run({ code: `${CALL} await call();` }),
        run({ code: `${CALL} await call();`, env: { OTEL_LOG_LEVEL: 'debug' } }),
        run({ code: `${CALL} await call(); process.exit();` }),
        run({ code: `${CALL} await call();`, env: { OTEL_TRACES_SAMPLER: 'always_off' } }),
        run({ code: `${CALL} await call();`, env: { OTEL_SDK_DISABLED: 'true' } }),
        run({
          code: `${CALL} ${OWN_PROVIDER} await call(); await provider.shutdown().catch(() => {});`,
          env: { MLFLOW_TRACKING_URI: 'http://127.0.0.1:1' },
          args: [],
        }),
        run({ code: `${CALL} await call(); (await import('mlflow-bedrock')).autolog();`, args: [] }),
        run({ code: `await import(${JSON.stringify(bundle.file)});` }),
      ]);
      expect(plain).to.deep.equal({ code: 0, output: '', traces: 1 });
      const [patched = ''] = /^.* Applying instrumentation patch .*$/m.exec(debug.output) ?? [];
      expectQuoted(patched);
      expectQuoted(bundledRun.output.replace(/127\.0\.0\.1:\d+/, 'bedrock-runtime.us-east-1.amazonaws.com'));
      expect(bundledRun).to.include({ code: 0, traces: 0 });
      for (const [name, result] of Object.entries({ exiting, sampledOut, off, silent, unregistered })) {
        expect(result, name).to.deep.equal({ code: 0, output: '', traces: 0 });
      }
    } finally {
      await bundle.remove();
    }
  });

  it('quotes the messages about an unavailable server, a wrong ratio, a second provider and an OTLP backend', async () => {
    const closed = 'http://127.0.0.1:1';
    const staysUp = `${CALL} await call(); setTimeout(() => {}, 2500);`;
    // Less than the pause before a second attempt.
    const quickly = { OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_EXPORTER_OTLP_TIMEOUT: '750' };
    const [away, ratio, registerFirst, autologSecond] = await Promise.all([
      run({ code: `${CALL} await call();`, env: { MLFLOW_TRACKING_URI: closed } }),
      run({ code: `${CALL} await call();`, env: { MLFLOW_TRACE_SAMPLING_RATIO: '50' } }),
      run({ code: `${OWN_PROVIDER} await provider.shutdown();` }),
      run({ code: `${OWN_PROVIDER} (await import('mlflow-bedrock')).autolog(); await provider.shutdown();`, args: [] }),
    ]);
    const [noBackend, grpc] = await Promise.all([
      run({ code: staysUp, env: { ...quickly, OTEL_EXPORTER_OTLP_ENDPOINT: closed } }),
      run({ code: staysUp, env: { ...quickly, OTEL_EXPORTER_OTLP_ENDPOINT: await listen(createHttp2Server()) } }),
    ]);
    expectQuoted(away.output, { ':1 ': ':5000 ', ':1)': ':5000)' });
    expectQuoted(ratio.output);
    expect(ratio.traces).to.equal(1);
    expectQuoted(registerFirst.output.split('\n')[0] ?? '');
    expectQuoted(autologSecond.output);
    expectQuoted(noBackend.output, { ':1': ':4318' });
    expectQuoted(grpc.output);
  });

  it('quotes the messages about feedback before the flush and about an OTLP protocol', async () => {
    const early = `import { getCurrentTraceId, MlflowClient, traced } from 'mlflow-bedrock';
      await traced('request', async () => {
        const feedback = new MlflowClient().logFeedback(getCurrentTraceId(), { name: 'helpful', value: true });
        await feedback.catch((error) => console.log(String(error)));
      })();`;
    const [feedback, protocol] = await Promise.all([
      run({ code: early }),
      run({
        code: `${CALL} await call();`,
        env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
      }),
    ]);
    const [traceId = ''] = /tr-[0-9a-f]{32}/.exec(feedback.output) ?? [];
    expectQuoted(feedback.output, { [traceId]: 'tr-0123456789abcdef0123456789abcdef' });
    expectQuoted(protocol.output);
    expect([feedback.traces, protocol.traces]).to.deep.equal([1, 1]);
  });

  it('quotes the errors of the AWS SDK', async () => {
    const http1 = await listen(createHttpServer((_request, response) => response.end('{}')));
    const call = `${CALL} await call().catch((error) => console.log(String(error)));`;
    const [protocol, region, credentials, host] = await Promise.all([
      run({ code: call, env: { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: http1 } }),
      run({ code: call, env: { AWS_REGION: undefined } }),
      run({ code: call, env: { AWS_ACCESS_KEY_ID: undefined } }),
      run({
        code: call,
        env: { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'http://bedrock-runtime.eu-nowhere-1.invalid', AWS_MAX_ATTEMPTS: '1' },
      }),
    ]);
    for (const { output } of [protocol, region, credentials]) expectQuoted(output);
    expectQuoted(host.output, { 'eu-nowhere-1.invalid': 'eu-nowhere-1.amazonaws.com' });
    // Such failures are traced like any other failed call.
    expect(protocol.traces).to.equal(1);
  });

  for (const [type, status, message] of BEDROCK_ERRORS) {
    it(`quotes the SDK's error for Bedrock's ${type}: ${message.slice(0, 50)}…`, async () => {
      answer = { status, headers: { 'x-amzn-errortype': type }, body: { message } };
      const client = new BedrockRuntimeClient({
        endpoint: simulator.url,
        region: 'us-east-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
        maxAttempts: 1,
      });
      try {
        const command = new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages: [] });
        const error = await client.send(command).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expectQuoted(String(error));
      } finally {
        answer = undefined;
        client.destroy();
      }
    });
  }

  async function listen(server: Server): Promise<string> {
    opened.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
});

/** Bundles code with its imports into one file outside this repository. */
async function bundled(code: string): Promise<{ file: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'troubleshooting-'));
  const file = join(directory, 'app.mjs');
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: EXAMPLES },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  await writeFile(file, outputFiles[0]?.text ?? '');
  return { file, remove: () => rm(directory, { recursive: true, force: true }) };
}
