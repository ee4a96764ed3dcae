import { expect } from 'chai';
import { startCollector } from '../../scripts/test-support/collector.js';
import { type ExampleRun, runExample } from './run-example.js';

const MODEL = 'amazon.nova-lite-v1:0';

describe('example quickstart', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['quickstart']);
  });

  it('prints the answers of the four APIs', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.match(/^Converse +The capital of France is Paris\./m);
    expect(run.output).to.match(/^ConverseStream +The capital of Japan is Tokyo\./m);
    expect(run.output).to.match(/^InvokeModel +6 \* 7 is 42\./m);
    expect(run.output).to.match(/^InvokeModelWithResponseStream +The capital of Italy is Rome\./m);
  });

  it('prints nothing else, such as warnings of OpenTelemetry or the SDK', () => {
    expect(run.output.trimEnd().split('\n')).to.have.length(5);
  });

  it('leaves one trace per call, with conversation, tokens and cost', () => {
    expect(run.traces).to.have.length(4);
    for (const { info, spans } of run.traces) {
      expect(info).to.include({ name: `chat ${MODEL}`, state: 'OK' });
      expect(spans).to.have.length(1);
      expect(spans[0]).to.include({ model: MODEL, ok: true });
      expect(info.tokenUsage?.inputTokens).to.be.greaterThan(0);
      expect(info.tokenUsage).to.deep.equal(spans[0]?.tokenUsage);
      expect(info.cost?.totalCost).to.be.greaterThan(0);
    }
    const requests = run.traces.map(({ info }) => info.requestPreview);
    const responses = run.traces.map(({ info }) => info.responsePreview);
    expect(requests[0]).to.contain('What is the capital of France?');
    expect(responses[0]).to.contain('The capital of France is Paris.');
    expect(responses[3]).to.contain('The capital of Italy is Rome.');
  });

  it('keeps the chunks of the two streams as events', () => {
    const events = run.traces.map(({ spans }) => spans[0]?.events.map(({ name }) => name) ?? []);
    expect(events[0]).to.deep.equal([]);
    expect(events[1]).to.include.members(['messageStart', 'contentBlockDelta', 'messageStop', 'metadata']);
    expect(events[2]).to.deep.equal([]);
    expect(events[3]?.length).to.be.greaterThan(3);
  });

  it('sends the same spans to a second backend when OTEL_EXPORTER_OTLP_ENDPOINT names one', async () => {
    const collector = await startCollector();
    try {
      const { code, output, traces } = await runExample(['quickstart'], {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        // The receiver behind the collector reads spans alone; by default the example would send metrics, too.
        OTEL_METRICS_EXPORTER: 'none',
      });
      expect(code, output).to.equal(0);
      const received = (await collector.received(4)).map(({ spanId }) => spanId);
      expect(received).to.have.members(traces.flatMap(({ spans }) => spans.map(({ spanId }) => spanId)));
    } finally {
      await collector.close();
    }
  });
});
