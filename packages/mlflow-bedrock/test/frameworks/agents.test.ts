/** A turn of a Bedrock agent, with what it did inside AWS, as MLflow stores and shows it. */

import { randomUUID } from 'node:crypto';
import { context, trace } from '@opentelemetry/api';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient, type MlflowSpan } from '../../src/index.js';
import { type AgentApplication, startAgentApplication } from '../support/agent-application.js';
import { EXPECTED, EXPECTED_INFO, type TurnOptions } from '../support/agent-turn.js';

const MINUTE = 60_000;

describe('a turn of a Bedrock agent in MLflow', () => {
  let application: AgentApplication;
  let trackingUri: string;
  let mlflow: MlflowClient;
  before(async function () {
    this.timeout(300_000);
    application = await startAgentApplication();
    trackingUri = (await testServer()).url;
    mlflow = new MlflowClient({ trackingUri });
  });
  after(async () => {
    await Promise.all([mlflow.close(), application.close()]);
  });

  /** Runs a turn and returns its trace, which is the only one of its experiment. */
  async function stored(run: () => Promise<unknown>, turn: TurnOptions, batchSize?: number) {
    const experimentName = `agents-${randomUUID()}`;
    const ids = await application.trace(run, turn, { trackingUri, experimentName }, batchSize);
    const { experimentId } = await mlflow.getOrCreateExperiment(experimentName);
    const { traces } = await mlflow.searchTraces({ experimentIds: [experimentId] });
    expect(traces.map(({ traceId }) => traceId)).to.deep.equal(ids);
    return mlflow.getTrace(ids[0] ?? 'none');
  }

  const tokensOf = ({ attributes }: MlflowSpan) => attributes['mlflow.chat.tokenUsage'] as Record<string, number>;
  const millis = (nanoseconds: bigint | undefined): number => Number((nanoseconds ?? 0n) / 1_000_000n);

  const CLOCKS: Readonly<Record<string, () => TurnOptions & { batchSize?: number }>> = {
    'has the clock of the client': () => ({ start: Date.now() }),
    'is behind': () => ({ start: Date.now() - 10 * MINUTE }),
    'is ahead': () => ({ start: Date.now() + 10 * MINUTE }),
    'is ahead, and each span is exported by itself': () => ({ start: Date.now() + 10 * MINUTE, batchSize: 1 }),
    'is before the call and then after it': () => ({
      start: Date.now() - 5 * MINUTE,
      jump: 10 * MINUTE,
    }),
  };
  for (const [clock, options] of Object.entries(CLOCKS)) {
    it(`is one trace with types, tokens, cost, documents and previews, if the service ${clock}`, async () => {
      const began = Date.now();
      const { batchSize, ...turn } = options();
      const ask = async () => expect(await application.ask()).to.equal(EXPECTED.answer);
      const { info, spans } = await stored(ask, turn, batchSize);
      const took = Date.now() - began;

      expect(info).to.deep.include(EXPECTED_INFO);
      expect(info.requestTime.getTime()).to.be.within(began - 1, began + took);
      expect(info.durationMillis).to.be.within(0, took);

      const root = spans.find(({ parentSpanId }) => parentSpanId === undefined);
      expect(root).to.deep.include({ type: 'AGENT', ok: true });
      const children = (parent: MlflowSpan | undefined) =>
        spans
          .filter(({ parentSpanId }) => parentSpanId === parent?.spanId)
          .sort((one, other) => Number(one.startTimeUnixNano - other.startTimeUnixNano));
      const top = children(root);
      expect(top.map(({ type }) => type)).to.deep.equal([
        'GUARDRAIL',
        'CHAT_MODEL',
        'AGENT',
        'TOOL',
        'CHAT_MODEL',
        'GUARDRAIL',
      ]);
      const collaborator = top.find(({ type }) => type === 'AGENT');
      const inner = children(collaborator);
      expect(inner.map(({ type }) => type)).to.deep.equal(['CHAT_MODEL', 'RETRIEVER', 'CHAT_MODEL']);
      expect(spans).to.have.lengthOf(1 + top.length + inner.length);

      const calls = [top[1], inner[0], inner[2], top[4]] as MlflowSpan[];
      expect(
        calls.map((call) => [
          call.attributes['mlflow.llm.model'],
          tokensOf(call)['input_tokens'],
          tokensOf(call)['output_tokens'],
        ]),
      ).to.deep.equal(EXPECTED.modelCalls);
      for (const call of calls) {
        expect(millis(call.endTimeUnixNano) - millis(call.startTimeUnixNano)).to.equal(1500);
        expect(call.attributes['mlflow.llm.cost']).to.have.property('total_cost').that.is.greaterThan(0);
      }
      for (const other of spans.filter((span) => !calls.includes(span))) expect(tokensOf(other)).to.equal(undefined);
      const costs = calls.map(({ attributes }) => (attributes['mlflow.llm.cost'] as { total_cost: number }).total_cost);
      expect(info.cost?.totalCost).to.be.closeTo(
        costs.reduce((sum, cost) => sum + cost),
        1e-9,
      );

      expect(inner[1]?.outputs).to.be.an('array').with.lengthOf(1);
      expect(inner[1]?.outputs).to.have.nested.property('[0].page_content', 'High tide is at nine.');
      expect(JSON.stringify(top[3]?.inputs)).to.include('length');
      expect(JSON.stringify(top[3]?.outputs)).to.include('berth');
    });
  }

  it('belongs to the session of the root, and has its previews, beneath a span of the application', async () => {
    const { info, spans } = await stored(
      () => {
        const span = trace.getTracer('app').startSpan('plan a trip', { attributes: { 'session.id': 'of-the-app' } });
        return context.with(trace.setSpan(context.active(), span), application.ask).finally(() => span.end());
      },
      { start: Date.now() - 10 * MINUTE },
    );
    expect(info).to.deep.include({ ...EXPECTED_INFO, name: 'plan a trip', sessionId: 'of-the-app' });
    expect(info.durationMillis).to.be.lessThan(MINUTE);
    expect(spans).to.have.lengthOf(11);
  });
});
