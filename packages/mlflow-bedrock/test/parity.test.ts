/** The same programs with and without `mlflow-bedrock/register`, each in a process of its own, with the built package. */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Simulator, type StreamEvent, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';
import { testServer } from '../../../scripts/test-support/mlflow.js';

const PROGRAMS = fileURLToPath(new URL('programs/', import.meta.url));
const IMPORT = ['--import', 'mlflow-bedrock/register'];
const REQUIRE = ['--require', 'mlflow-bedrock/register'];
/** The discard service, which nobody runs: connections are refused. */
const NOBODY = 'http://127.0.0.1:9';

let simulator: Simulator;
let trackingUri: string;

interface Run {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Options {
  readonly env?: NodeJS.ProcessEnv;
  /** Sent when the program has written to stdout. */
  readonly kill?: NodeJS.Signals;
}

async function run(args: readonly string[], { env, kill }: Options = {}): Promise<Run & { millis: number }> {
  const { NODE_OPTIONS: _, ...own } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: PROGRAMS,
    env: {
      ...own,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: 'us-east-1',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
      MLFLOW_TRACKING_URI: trackingUri,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let spoke = performance.now();
  child.stdout.once('data', () => {
    spoke = performance.now();
    if (kill) child.kill(kill);
  });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { stdout, stderr, code, signal, millis: performance.now() - spoke };
}

/** A frame of Node.js 20 itself, in every stack of an application in which something uses AsyncLocalStorage. */
const TRAMPOLINE = / +at process\.callbackTrampoline .*\n/;

const behaviour = ({ stdout, stderr, code, signal }: Run): Run => ({
  stdout,
  stderr: stderr.replace(TRAMPOLINE, ''),
  code,
  signal,
});

/** How many traces of an experiment arrived: each one with the call, or it is no trace of ours. */
async function arrived(experimentName: string): Promise<number> {
  const client = new MlflowClient({ trackingUri });
  try {
    const experiment = await client.getExperimentByName(experimentName);
    if (!experiment) return 0;
    const { traces } = await client.searchTraces({ experimentIds: [experiment.experimentId] });
    for (const { state } of traces) expect(state).to.equal('OK');
    return traces.length;
  } finally {
    client.close();
  }
}

function* longAnswer(chunks: number): Iterable<StreamEvent> {
  yield { type: 'messageStart', payload: { role: 'assistant' } };
  for (let chunk = 0; chunk < chunks; chunk++) {
    yield { type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { text: `${chunk} ` } } };
  }
  yield { type: 'messageStop', payload: { stopReason: 'end_turn' } };
}

describe('an application with mlflow-bedrock/register', function () {
  this.timeout(180_000);

  before(async () => {
    simulator = await startSimulator();
    trackingUri = (await testServer()).url;
  });

  after(() => simulator.close());

  const CASES: readonly { ending: string; kill?: NodeJS.Signals; traces: number }[] = [
    { ending: 'comes to its end', traces: 1 },
    { ending: 'sets an exit code', traces: 1 },
    { ending: 'calls process.exit()', traces: 0 },
    { ending: 'throws an error nobody catches', traces: 0 },
    { ending: 'leaves a rejection unhandled', traces: 0 },
    { ending: 'serves on', kill: 'SIGTERM', traces: 1 },
    { ending: 'serves on', kill: 'SIGINT', traces: 1 },
    { ending: 'serves on and listens to signals', kill: 'SIGTERM', traces: 1 },
    { ending: 'serves on and listens to signals', kill: 'SIGINT', traces: 1 },
  ];

  for (const { ending, kill, traces } of CASES) {
    it(`behaves the same when it ${ending}${kill ? ` until ${kill}` : ''}`, async () => {
      const MLFLOW_EXPERIMENT_NAME = `parity-${randomUUID()}`;
      const options = { env: { MLFLOW_EXPERIMENT_NAME }, ...(kill && { kill }) };
      const without = await run(['app.mjs', ending], options);
      const withIt = await run([...IMPORT, 'app.mjs', ending], options);
      expect(behaviour(withIt)).to.deep.equal(behaviour(without));
      expect(await arrived(MLFLOW_EXPERIMENT_NAME)).to.equal(traces);
    });
  }

  it('behaves the same in a worker thread, which is traced', async () => {
    const MLFLOW_EXPERIMENT_NAME = `parity-${randomUUID()}`;
    const env = { MLFLOW_EXPERIMENT_NAME };
    const without = await run(['in-worker.mjs', 'sets an exit code'], { env });
    const withIt = await run([...IMPORT, 'in-worker.mjs', 'sets an exit code'], { env });
    expect(behaviour(withIt)).to.deep.equal(behaviour(without));
    expect(await arrived(MLFLOW_EXPERIMENT_NAME)).to.equal(1);
  });

  it('behaves the same in a child process that inherits NODE_OPTIONS', async () => {
    const MLFLOW_EXPERIMENT_NAME = `parity-${randomUUID()}`;
    const without = await run(['in-child.mjs', 'sets an exit code']);
    const withIt = await run(['in-child.mjs', 'sets an exit code'], {
      env: { MLFLOW_EXPERIMENT_NAME, NODE_OPTIONS: IMPORT.join(' ') },
    });
    expect(behaviour(withIt)).to.deep.equal(behaviour(without));
    expect(withIt.code).to.equal(3);
    expect(await arrived(MLFLOW_EXPERIMENT_NAME)).to.equal(1);
  });

  it('keeps all chunks of a long stream', async () => {
    const MLFLOW_EXPERIMENT_NAME = `parity-${randomUUID()}`;
    const streaming = await startSimulator({ respond: () => ({ events: longAnswer(500) }) });
    try {
      const env = { MLFLOW_EXPERIMENT_NAME, AWS_ENDPOINT_URL_BEDROCK_RUNTIME: streaming.url };
      const { stdout } = await run([...IMPORT, 'stream.mjs'], { env });
      const client = new MlflowClient({ trackingUri });
      const { experimentId } = (await client.getExperimentByName(MLFLOW_EXPERIMENT_NAME))!;
      const { traces } = await client.searchTraces({ experimentIds: [experimentId] });
      const { spans } = await client.getTrace(traces[0]!.traceId);
      client.close();
      expect(Number(stdout)).to.be.above(500);
      expect(spans[0]!.events).to.have.length(Number(stdout));
    } finally {
      await streaming.close();
    }
  });

  it('sends the same spans to an OTLP backend when the environment names one', async () => {
    const MLFLOW_EXPERIMENT_NAME = `parity-${randomUUID()}`;
    const paths: string[] = [];
    const backend = createHttpServer((request, response) => {
      paths.push(request.url ?? '');
      request.resume().on('end', () => response.writeHead(200).end());
    });
    await once(backend.listen(0, '127.0.0.1'), 'listening');
    const OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
    try {
      const env = { MLFLOW_EXPERIMENT_NAME, OTEL_EXPORTER_OTLP_ENDPOINT };
      const { code, stderr } = await run([...IMPORT, 'app.mjs', 'comes to its end'], { env });
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: 'on stderr\n' });
      expect(paths).to.deep.equal(['/v1/traces']);
      expect(await arrived(MLFLOW_EXPERIMENT_NAME)).to.equal(1);
    } finally {
      backend.closeAllConnections();
      backend.close();
    }
  });

  it('is traced as CommonJS with --require, and once with both', async () => {
    for (const flags of [REQUIRE, [...REQUIRE, ...IMPORT]]) {
      const MLFLOW_EXPERIMENT_NAME = `parity-${randomUUID()}`;
      const { code, stderr } = await run([...flags, 'app.cjs', 'comes to its end'], {
        env: { MLFLOW_EXPERIMENT_NAME },
      });
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: 'on stderr\n' });
      expect(await arrived(MLFLOW_EXPERIMENT_NAME)).to.equal(1);
    }
  });

  it('runs normally when nothing listens at the tracking URI, and says so in one line', async () => {
    const without = await run(['app.mjs', 'comes to its end']);
    const withIt = await run([...IMPORT, 'app.mjs', 'comes to its end'], { env: { MLFLOW_TRACKING_URI: NOBODY } });
    const line = `mlflow-bedrock: not everything was sent within 5000 ms. Does an MLflow server listen at ${NOBODY}?\n`;
    expect(behaviour(withIt)).to.deep.equal({ ...behaviour(without), stderr: `on stderr\n${line}` });
    expect(withIt.millis).to.be.below(without.millis + 5200);
  });

  it('ends in time, also by a signal, when MLflow takes connections and never answers', async () => {
    const sockets = new Set<Socket>();
    const blackHole = createServer((socket) => sockets.add(socket.on('error', () => {})));
    await once(blackHole.listen(0, '127.0.0.1'), 'listening');
    const env = { MLFLOW_TRACKING_URI: `http://127.0.0.1:${(blackHole.address() as AddressInfo).port}` };
    try {
      const ends = await run([...IMPORT, 'app.mjs', 'sets an exit code'], { env });
      expect(ends.code).to.equal(3);
      const killed = await run([...IMPORT, 'app.mjs', 'serves on'], { env, kill: 'SIGTERM' });
      expect(killed.signal).to.equal('SIGTERM');
      // 200 ms for what a process without takes, too.
      for (const { millis } of [ends, killed]) expect(millis).to.be.within(4900, 5400);
    } finally {
      for (const socket of sockets) socket.destroy();
      blackHole.close();
    }
  });

  it('is left alone with OTEL_SDK_DISABLED=true', async () => {
    const MLFLOW_EXPERIMENT_NAME = `parity-${randomUUID()}`;
    const env = { MLFLOW_EXPERIMENT_NAME, OTEL_SDK_DISABLED: 'true' };
    const { stderr } = await run([...IMPORT, 'app.mjs', 'comes to its end'], { env });
    expect(stderr).to.equal('on stderr\n');
    expect(await arrived(MLFLOW_EXPERIMENT_NAME)).to.equal(0);
  });

  it('is not recorded with MLFLOW_TRACE_SAMPLING_RATIO=0', async () => {
    const MLFLOW_EXPERIMENT_NAME = `parity-${randomUUID()}`;
    const env = { MLFLOW_EXPERIMENT_NAME, MLFLOW_TRACE_SAMPLING_RATIO: '0' };
    const { stderr } = await run([...IMPORT, 'app.mjs', 'comes to its end'], { env });
    expect(stderr).to.equal('on stderr\n');
    expect(await arrived(MLFLOW_EXPERIMENT_NAME)).to.equal(0);
  });
});

describe('autolog()', function () {
  this.timeout(180_000);

  before(async () => {
    simulator = await startSimulator();
    trackingUri = (await testServer()).url;
  });

  after(() => simulator.close());

  it('traces into a tracer provider that is registered already, and says what to add for MLflow', async () => {
    const { code, stdout, stderr } = await run(['registered.mjs']);
    expect(code).to.equal(0);
    expect(stdout).to.contain('1 span of its own');
    expect(stderr).to.contain(
      'spanProcessors: [new CurrentTraceProcessor(), new BatchSpanProcessor(new MlflowSpanExporter())]',
    );
  });

  it('called twice is one, and disable() stops it', async () => {
    const MLFLOW_EXPERIMENT_NAME = `parity-${randomUUID()}`;
    const { code, stderr } = await run(['switched.mjs'], { env: { MLFLOW_EXPERIMENT_NAME } });
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: 'on stderr\n' });
    expect(await arrived(MLFLOW_EXPERIMENT_NAME)).to.equal(0);
  });
});
