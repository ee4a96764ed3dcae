import { expect } from 'chai';
import type { MlflowSpan, MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { whyOutdated } from 'testing/pictures.js';
import { type ExampleRun, outline, runExample, sumOf } from './run-example.js';

const QUESTION = 'Where is parcel 1042, how many days does delivery to Oslo take, and can I return unused boots?';
const SONNET = 'CHAT_MODEL chat anthropic.claude-3-5-sonnet-20240620-v1:0';
const NOVA = 'CHAT_MODEL chat amazon.nova-pro-v1:0';
const QUOTE = 'Unused boots and clothes can be returned within 60 days.';

describe('example bedrock-agent', function () {
  this.timeout(120_000);
  let run: ExampleRun;

  before(async () => {
    run = await runExample(['bedrock-agent']);
  });

  function traceOf(index: number): MlflowTrace {
    return run.traces[index] ?? expect.fail(`no trace ${index}`);
  }

  function spanOf(name: string, index = 0): MlflowSpan {
    return traceOf(index).spans.find((span) => span.name === name) ?? expect.fail(`no span ${name}`);
  }

  it('leaves the traces that the pictures of the documentation show', () => {
    expect(whyOutdated('bedrock-agent', run.traces)).to.equal(undefined);
  });

  it('prints the answers, the source of the first, and the function that it runs for the second', () => {
    expect(run.code, run.output).to.equal(0);
    expect(run.output).to.contain(`> ${QUESTION}\n${QUOTE} I found this: parcelId 1042, status on its way,`);
    expect(run.output).to.contain('[1] s3://example-shop/returns.txt\n');
    expect(run.output).to.contain('  changeAddress({"city":"Berlin"}) -> {"city":"Berlin","changed":true}\n');
    expect(run.output).to.contain('I found this: city Berlin, changed true.');
  });

  it('leaves the trace of the README, with every step of the agent and of its collaborator', () => {
    expect(run.traces).to.have.length(2);
    expect(outline(traceOf(0))).to.deep.equal([
      'CHAIN chat turn',
      '  AGENT invoke_agent',
      '    GUARDRAIL apply_guardrail',
      `    ${SONNET}`,
      '    RETRIEVER retrieval SHOPKB0001',
      `    ${SONNET}`,
      '    TOOL execute_tool getParcelStatus',
      `    ${SONNET}`,
      '    AGENT invoke_agent DeliveryPlanner',
      `      ${NOVA}`,
      '      TOOL execute_tool getDeliveryDays',
      `      ${NOVA}`,
      `    ${SONNET}`,
      '    GUARDRAIL apply_guardrail',
    ]);
    expect(traceOf(0).info.state).to.equal('OK');
  });

  it('counts the tokens of the model calls once', () => {
    for (const { info, spans } of run.traces) {
      const counted = spans.filter(({ tokenUsage }) => tokenUsage);
      expect(new Set(counted.map(({ type }) => type))).to.deep.equal(new Set(['CHAT_MODEL']));
      for (const figure of ['inputTokens', 'outputTokens', 'totalTokens'] as const) {
        const sum = sumOf(spans, ({ tokenUsage }) => tokenUsage?.[figure]);
        expect(sum, figure).to.be.greaterThan(0);
        expect(info.tokenUsage?.[figure], figure).to.equal(sum);
      }
      const cost = sumOf(spans, (span) => span.cost?.totalCost);
      expect(info.cost?.totalCost).to.be.closeTo(cost, 1e-9).and.to.be.greaterThan(0);
    }
  });

  it('shows question, answer and citations on the agent', () => {
    const { inputs, outputs, attributes } = spanOf('invoke_agent');
    expect(inputs).to.have.property('inputText', QUESTION);
    expect(outputs)
      .to.have.nested.property('output.message.content[0].text')
      .that.matches(new RegExp(`^${QUOTE}`));
    expect(outputs).to.have.nested.property(
      'attribution.citations[0].generatedResponsePart.textResponsePart.text',
      QUOTE,
    );
    expect(attributes).to.include({ 'gen_ai.agent.id': 'SHOPAGENT1', 'aws.bedrock.agent.alias_id': 'TSTALIASID' });
  });

  it('shows arguments and results of actions, and the documents of the lookup', () => {
    const action = spanOf('execute_tool getParcelStatus');
    expect(action.inputs).to.deep.equal({ parcelId: '1042' });
    expect(JSON.parse(action.outputs as string)).to.include({ parcelId: 1042, status: 'on its way' });
    const [document] = spanOf('retrieval SHOPKB0001').outputs as { page_content: string; metadata: object }[];
    expect(document?.page_content).to.include(QUOTE);
    expect(document?.metadata).to.include({ title: 'Returns' });
  });

  it('has the steps one after the other, within the call of their agent', () => {
    const agent = spanOf('invoke_agent');
    const steps = traceOf(0).spans.filter(({ parentSpanId }) => parentSpanId === agent.spanId);
    for (const [index, step] of steps.entries()) {
      const before = index === 0 ? agent.startTimeUnixNano : steps[index - 1]?.endTimeUnixNano;
      expect(step.startTimeUnixNano >= (before ?? 0n), `${step.name} starts too early`).to.equal(true);
    }
    const models = steps.filter(({ type }) => type === 'CHAT_MODEL');
    // The simulator's models take 15 ms and more.
    for (const { startTimeUnixNano, endTimeUnixNano } of models)
      expect(Number((endTimeUnixNano ?? 0n) - startTimeUnixNano)).to.be.at.least(15e6);
  });

  it('has both calls of the agent in one trace if the agent returns control', () => {
    const { spans, info } = traceOf(1);
    const root = spans.find(({ parentSpanId }) => parentSpanId === undefined);
    const below = spans.filter(({ parentSpanId }) => parentSpanId === root?.spanId);
    expect(below.map(({ type, name }) => `${type} ${name}`)).to.have.members([
      'AGENT invoke_agent',
      'TOOL changeAddress',
      'AGENT invoke_agent',
    ]);
    expect(info.state).to.equal('OK');
    expect(spanOf('changeAddress', 1).outputs).to.deep.equal({ city: 'Berlin', changed: true });
  });

  it('puts both traces into the session of the agent', () => {
    const sessions = run.traces.map(({ info }) => info.metadata['mlflow.trace.session']);
    expect(sessions[0]).to.match(/^[\da-f-]{36}$/);
    expect(sessions[1]).to.equal(sessions[0]);
  });
});
