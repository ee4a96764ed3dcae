import { expect } from 'chai';
import type { MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { startCollector } from 'testing/collector.js';
import { whyOutdated } from 'testing/pictures.js';
import { type ExampleRun, runExample, runExampleScript } from './run-example.js';

const MODEL = 'amazon.nova-lite-v1:0';

describe('example quickstart', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExampleScript(['quickstart']);
  });

  it('leaves the traces that the pictures of the documentation show', () => {
    expect(whyOutdated('quickstart', run.traces)).to.equal(undefined);
  });

  it('prints the answers of the four APIs and the error of the call that fails', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.match(/^Converse +The capital of France is Paris\./m);
    expect(run.output).to.match(/^ConverseStream +The capital of Japan is Tokyo\./m);
    expect(run.output).to.match(/^InvokeModel +6 \* 7 is 42\./m);
    expect(run.output).to.match(/^InvokeModelWithResponseStream +The capital of Italy is Rome\./m);
    expect(run.output).to.match(/^A call that fails +ValidationException: The model is unsupported for streaming\.$/m);
  });

  it('prints no warnings of OpenTelemetry or the SDK', () => {
    expect(run.output.trimEnd().split('\n')).to.have.length(6);
  });

  it('leaves one trace per call with conversation, tokens and cost', () => {
    expect(run.traces).to.have.length(5);
    for (const { info, spans } of run.traces.slice(0, 4)) {
      expect(info).to.include({ name: `chat ${MODEL}`, state: 'OK' });
      expect(spans).to.have.length(1);
      expect(spans[0]).to.include({ model: MODEL, ok: true });
      expect(info.tokenUsage?.inputTokens).to.be.greaterThan(0);
      expect(info.tokenUsage).to.deep.equal(spans[0]?.tokenUsage);
      expect(info.cost?.totalCost).to.be.greaterThan(0);
    }
    expect(traceOf(run, 'What is the capital of France?').info.responsePreview).to.contain('is Paris.');
    expect(traceOf(run, 'What is the capital of Italy?').info.responsePreview).to.contain('is Rome.');
  });

  it('leaves a trace of the failed call with the error of the service', () => {
    const failed = run.traces.at(-1);
    expect(failed?.info).to.include({ name: 'embeddings amazon.titan-embed-text-v2:0', state: 'ERROR' });
    expect(failed?.spans[0]).to.include({
      ok: false,
      statusMessage: 'ValidationException: The model is unsupported for streaming.',
    });
  });

  it('keeps the chunks of the two streams as events', () => {
    const eventsOf = (question: string) => traceOf(run, question).spans[0]?.events.map(({ name }) => name);
    expect(eventsOf('What is the capital of France?')).to.deep.equal([]);
    expect(eventsOf('What is the capital of Japan?')).to.include.members([
      'messageStart',
      'contentBlockDelta',
      'messageStop',
      'metadata',
    ]);
    expect(eventsOf('What is 6 * 7?')).to.deep.equal([]);
    expect(eventsOf('What is the capital of Italy?')).to.have.length.greaterThan(3);
  });

  it('sends the same spans to a second backend if OTEL_EXPORTER_OTLP_ENDPOINT names one', async () => {
    const collector = await startCollector();
    try {
      const { code, output, traces } = await runExample(['quickstart'], {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        // The receiver behind the collector reads only spans, but by default the example also sends metrics.
        OTEL_METRICS_EXPORTER: 'none',
      });
      expect(code, output).to.equal(0);
      const received = (await collector.received(5)).map(({ spanId }) => spanId);
      expect(received).to.have.members(traces.flatMap(({ spans }) => spans.map(({ spanId }) => spanId)));
    } finally {
      await collector.close();
    }
  });
});

function traceOf({ traces }: ExampleRun, question: string): MlflowTrace {
  return traces.find(({ info }) => info.requestPreview?.includes(question)) ?? expect.fail(`no trace of "${question}"`);
}
