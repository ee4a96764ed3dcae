/** Environment variables with `mlflow-bedrock/register`. */

import { type StreamEvent, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { startCollector } from 'testing/collector.js';
import { IMPORT, NOBODY, REQUIRE, startStatusServer, usePrograms } from '../support/programs.js';

function* longAnswer(chunks: number): Iterable<StreamEvent> {
  yield { type: 'messageStart', payload: { role: 'assistant' } };
  for (let chunk = 0; chunk < chunks; chunk++) {
    yield { type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { text: `${chunk} ` } } };
  }
  yield { type: 'messageStop', payload: { stopReason: 'end_turn' } };
}

describe('mlflow-bedrock/register', function () {
  this.timeout(180_000);
  const programs = usePrograms();

  const app = async (env: NodeJS.ProcessEnv = {}, flags: readonly string[] = IMPORT) => {
    const { code, stdout, stderr, traces } = await programs.run([...flags, 'app.cjs', 'ends by itself'], { env });
    expect(code).to.equal(0);
    expect(JSON.parse(stdout)).to.have.nested.property('message.role', 'assistant');
    expect(stderr).to.match(/^on stderr$/m);
    return { said: stderr.replace('on stderr\n', ''), traces };
  };

  it('traces CommonJS with --require, and only once with both flags', async () => {
    for (const flags of [REQUIRE, [...REQUIRE, ...IMPORT]]) {
      const { said, traces } = await app({}, flags);
      expect(said).to.equal('');
      expect(traces).to.have.length(1);
    }
  });

  it('records all chunks of a long stream', async () => {
    const streaming = await startSimulator({ respond: () => ({ events: longAnswer(500) }) });
    try {
      const env = { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: streaming.url };
      const { stdout, traces } = await programs.run([...IMPORT, 'stream.mjs'], { env });
      expect(Number(stdout)).to.be.above(500);
      expect(traces[0]?.spans[0]?.events).to.have.length(Number(stdout));
    } finally {
      await streaming.close();
    }
  });

  it('also sends the spans to the OTLP backend of OTEL_EXPORTER_OTLP_ENDPOINT', async () => {
    const collector = await startCollector();
    try {
      const { said, traces } = await app({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
      expect(said).to.equal('');
      const spans = await collector.received(1);
      expect(spans.map(({ name }) => name)).to.deep.equal(traces[0]?.spans.map(({ name }) => name));
      expect(spans).to.have.length(1);
    } finally {
      await collector.close();
    }
  });

  it('sends to no other backend with OTEL_TRACES_EXPORTER=none', async () => {
    // A request to the endpoint would be logged, because the server refuses it.
    const server = await startStatusServer(400);
    try {
      const { said, traces } = await app({ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: server.url });
      expect(said).to.equal('');
      expect(traces).to.have.length(1);
    } finally {
      server.close();
    }
  });

  it('also prints the spans with OTEL_TRACES_EXPORTER=console', async () => {
    const env = { OTEL_TRACES_EXPORTER: 'console' };
    const { stdout, stderr, traces } = await programs.run([...IMPORT, 'app.cjs', 'ends by itself'], { env });
    expect(stderr).to.equal('on stderr\n');
    expect(traces).to.have.length(1);
    expect(stdout).to.contain(`traceId: '${traces[0]?.info.traceId.slice('tr-'.length)}'`);
  });

  it('records content in the form of MLflow, and in that of the conventions only for other backends', async () => {
    const contentOf = async (env: NodeJS.ProcessEnv, start = [...IMPORT, 'app.cjs']): Promise<unknown> => {
      const { traces } = await programs.run([...start, 'ends by itself'], { env });
      const [span] = traces[0]?.spans ?? [];
      return Object.keys(span?.attributes ?? {}).filter((key) => /^gen_ai\..*messages$|^mlflow\.span.*puts$/.test(key));
    };
    const mlflow = ['mlflow.spanInputs', 'mlflow.spanOutputs'];
    const both = [...mlflow, 'gen_ai.input.messages', 'gen_ai.output.messages'];
    expect(await contentOf({})).to.have.members(mlflow);
    expect(await contentOf({ OTEL_TRACES_EXPORTER: 'console' })).to.have.members(both);
    const call = "require('mlflow-bedrock').autolog({ contentFormats: undefined }); require('./app.cjs')";
    expect(await contentOf({}, ['-e', call, '-'])).to.have.members(mlflow);
  });

  it('logs one line when the OTLP protocol is gRPC, and sends to MLflow', async () => {
    const { said, traces } = await app({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY });
    expect(said).to.match(/^mlflow-bedrock: OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not supported, .*\n$/);
    expect(traces).to.have.length(1);
  });

  it('sends to MLflow and logs one line when nothing listens at the OTLP endpoint', async () => {
    const { said, traces } = await app({ OTEL_EXPORTER_OTLP_ENDPOINT: NOBODY });
    expect(said).to.match(
      /^mlflow-bedrock: not everything was sent within 5000 ms\. .* and a backend at the OTLP endpoint\?\n$/,
    );
    expect(traces).to.have.length(1);
  });

  it('logs one line when the OTLP backend refuses the spans', async () => {
    const server = await startStatusServer(400);
    try {
      const { said, traces } = await app({ OTEL_EXPORTER_OTLP_ENDPOINT: server.url });
      expect(said).to.equal('OTLPExporterError: Bad Request\n');
      expect(traces).to.have.length(1);
    } finally {
      server.close();
    }
  });

  it('logs on stderr at the level of OTEL_LOG_LEVEL', async () => {
    const silent = await app({ OTEL_LOG_LEVEL: 'NONE', MLFLOW_TRACKING_URI: NOBODY });
    expect(silent.said).to.equal('');
    const talkative = await app({ OTEL_LOG_LEVEL: 'DEBUG' });
    expect(talkative.said.split('\n')).to.have.length.above(1);
  });

  it('sets the resource of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES', async () => {
    const { traces } = await app({
      OTEL_SERVICE_NAME: 'weather',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=ignored',
    });
    expect(traces[0]?.info.tags).to.include({ 'service.name': 'weather', 'deployment.environment.name': 'test' });
  });

  it('records nothing with OTEL_SDK_DISABLED=true', async () => {
    const { said, traces } = await app({ OTEL_SDK_DISABLED: 'true' });
    expect({ said, traces }).to.deep.equal({ said: '', traces: [] });
  });

  const SAMPLING: readonly [Record<string, string>, number][] = [
    [{ MLFLOW_TRACE_SAMPLING_RATIO: '0' }, 0],
    [{ MLFLOW_TRACE_SAMPLING_RATIO: '1' }, 1],
    [{ OTEL_TRACES_SAMPLER: 'always_off' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1' }, 1],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, 0],
    [{ OTEL_TRACES_SAMPLER: 'always_on', MLFLOW_TRACE_SAMPLING_RATIO: '0' }, 1],
  ];
  for (const [env, count] of SAMPLING) {
    it(`records ${count} of 1 traces with ${new URLSearchParams(env)}`, async () => {
      const { said, traces } = await app(env);
      expect(said).to.equal('');
      expect(traces).to.have.length(count);
    });
  }

  it('warns of a MLFLOW_TRACE_SAMPLING_RATIO that is not a ratio, and records all traces', async () => {
    const { said, traces } = await app({ MLFLOW_TRACE_SAMPLING_RATIO: '50%' });
    expect(said).to.equal(
      'mlflow-bedrock: MLFLOW_TRACE_SAMPLING_RATIO=50% is not a number from 0 to 1; all traces are recorded\n',
    );
    expect(traces).to.have.length(1);
  });
});
