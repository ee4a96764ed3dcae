/** An agent framework that also counts tokens on its own spans, above model calls whose tokens MLflow counts. */

import { type Attributes, context, type Span, type Tracer, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { finish } from '../../src/common/slices.js';
import { type Counting, RepeatedUsage } from '../../src/export/span/repeated-usage.js';
import { MlflowSpanExporter, type MlflowTrace } from '../../src/index.js';
import { chatAttributes, childSpan, exportSpans, MODEL, recordSpans, uniqueName } from '../support/tracing.js';
import { useMlflow } from '../support/use-mlflow.js';

const usage = (input: number, output: number): Attributes => ({
  'gen_ai.usage.input_tokens': input,
  'gen_ai.usage.output_tokens': output,
  // The old names, which the server reads if the new ones are missing.
  'gen_ai.usage.prompt_tokens': input,
  'gen_ai.usage.completion_tokens': output,
});
const ONE_CALL = { inputTokens: 10, outputTokens: 5, totalTokens: 15 };

describe('tokens that a framework counts again', () => {
  const mlflow = useMlflow();

  /** Records the second question to an agent of Strands 1.16. Its span also has the tokens of the first question. */
  function recordAgent(call: Attributes): ReadableSpan[] {
    return recordSpans((tracer) => {
      const agent = tracer.startSpan('invoke_agent', { attributes: framework('invoke_agent', 20, 10) });
      const model = below(tracer, agent, 'chat', framework('chat', 10, 5));
      childSpan(tracer, model, `chat ${MODEL}`, call);
      model.end();
      agent.end();
    });
  }

  async function stored(batches: ReadableSpan[][]): Promise<MlflowTrace> {
    const exporter = new MlflowSpanExporter({
      trackingUri: mlflow.trackingUri,
      experimentName: uniqueName('repeated-usage'),
    });
    for (const batch of batches) await exportSpans(exporter, batch);
    await exporter.shutdown();
    const [first] = batches.flat();
    return mlflow.client.getTrace(first?.spanContext().traceId ?? '');
  }

  for (const [name, arrive] of [
    ['in one export', (spans: ReadableSpan[]) => [spans]],
    ['in one export each', (spans: ReadableSpan[]) => spans.map((span) => [span])],
  ] as const) {
    it(`count once, as the model call recorded them, ${name}`, async () => {
      const spans = recordAgent(chatAttributes('question', 'answer'));
      const trace = await stored(arrive(spans));
      expect(trace.info.tokenUsage).to.deep.equal(ONE_CALL);
      expect(trace.spans.map(({ name, tokenUsage }) => [name, tokenUsage])).to.have.deep.members([
        ['invoke_agent', undefined],
        ['chat', undefined],
        [`chat ${MODEL}`, ONE_CALL],
      ]);
      expect(trace.info.cost?.totalCost).to.be.closeTo((10 * 3 + 5 * 15) / 1e6, 1e-12);
      expect(spans.at(-1)?.attributes, 'what other exporters see').to.include(usage(20, 10));
    });
  }

  it('count once as sums of an agent above its calls to models, also of agents that run as tools', async () => {
    const spans = recordNestedAgents();
    for (const batches of [[spans], spans.map((span) => [span]), [spans.toReversed()]]) {
      const { info, spans } = await stored(batches);
      expect(spans.map(({ name, tokenUsage }) => [name, tokenUsage?.totalTokens])).to.have.deep.members([
        ['invoke_agent planner', undefined],
        ['step 1', undefined],
        ['chat planner', 11],
        ['execute_tool researcher', undefined],
        ['invoke_agent researcher', undefined],
        ['step 1', undefined],
        ['chat researcher', 220],
      ]);
      expect(info.tokenUsage).to.deep.equal({ inputTokens: 210, outputTokens: 21, totalTokens: 231 });
      const costs = spans.flatMap(({ cost }) => (cost === undefined ? [] : [cost.totalCost]));
      expect(info.cost?.totalCost).to.be.closeTo((210 * 3 + 21 * 15) / 1e6, 1e-12);
      expect(costs, 'what charts of cost by model add up').to.have.length(2);
    }
  });

  it('stay on an agent if only another instrumentation, or an embedding, counts beneath', async () => {
    const sum = { inputTokens: 20, outputTokens: 10, totalTokens: 30 };
    const other = recordSpans((tracer, otherTracer) => {
      const agent = tracer.startSpan('invoke_agent', { attributes: framework('invoke_agent', 20, 10) });
      childSpan(otherTracer, agent, 'chat', framework('chat', 10, 5));
      agent.end();
    });
    const embedding = recordSpans((tracer) => {
      const agent = tracer.startSpan('invoke_agent', { attributes: framework('invoke_agent', 20, 10) });
      childSpan(tracer, agent, 'embeddings', framework('embeddings', 10, 0));
      agent.end();
    });
    for (const spans of [other, embedding]) expect((await stored([spans])).info.tokenUsage).to.deep.equal(sum);
  });

  it('stay where they are if no span beneath counts tokens', async () => {
    const spans = recordSpans((tracer) => {
      const agent = tracer.startSpan('invoke_agent', { attributes: framework('invoke_agent', 20, 10) });
      childSpan(tracer, agent, 'chat', { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': MODEL });
      agent.end();
    });
    const trace = await stored([spans]);
    expect(trace.info.tokenUsage).to.deep.equal({ inputTokens: 20, outputTokens: 10, totalTokens: 30 });
  });

  it('stay on spans beside the model call', async () => {
    const spans = recordSpans((tracer) => {
      const root = tracer.startSpan('handle request');
      childSpan(tracer, root, `chat ${MODEL}`, chatAttributes('question', 'answer'));
      childSpan(tracer, root, 'chat of another provider', framework('chat', 7, 3));
      root.end();
    });
    const { info } = await stored([spans]);
    expect(info.tokenUsage).to.deep.equal({ inputTokens: 17, outputTokens: 8, totalTokens: 25 });
  });

  it('are found in a batch of any size, below long chains, and in circles', () => {
    const call = (id: string, parentId: string, source = 'framework'): Counting => {
      return { id, parentId, source, repeatedBy: [] };
    };
    const sum = (id: string, parentId?: string, source = 'framework'): Counting => {
      return { id, parentId, source: undefined, repeatedBy: [source] };
    };
    const find = (spans: Counting[]) => [...finish(new RepeatedUsage().find(spans))];
    const size = 12_000;
    const agents = Array.from({ length: size }, (_, n) => [call(`call ${n}`, `agent ${n}`), sum(`agent ${n}`)]).flat();
    expect(find(agents)).to.have.length(size);
    const chain = Array.from({ length: size }, (_, n) => call(`${n + 1}`, `${n}`, `scope ${n}`));
    const top = sum('0', undefined, `scope ${size - 1}`);
    for (const spans of [[top, ...chain], [top, ...chain].reverse()]) expect(find(spans)).to.deep.equal(['0']);
    expect(find([sum('a', 'b'), sum('b', 'a'), call('c', 'd'), sum('d')])).to.deep.equal(['d']);
  });
});

/** The spans of AI SDK 7 for an agent that calls another one as a tool. The sum of the first leaves out the second. */
function recordNestedAgents(): ReadableSpan[] {
  return recordSpans((tracer) => {
    const agent = (name: string, parent: Span | undefined, tokens: [number, number], tool: (step: Span) => void) => {
      const attributes = framework('invoke_agent', ...tokens);
      const whole = parent
        ? below(tracer, parent, `invoke_agent ${name}`, attributes)
        : tracer.startSpan(`invoke_agent ${name}`, { attributes });
      const step = below(tracer, whole, 'step 1', { 'gen_ai.operation.name': 'agent_step' });
      childSpan(tracer, step, `chat ${name}`, framework('chat', ...tokens));
      tool(step);
      step.end();
      whole.end();
    };
    agent('planner', undefined, [10, 1], (step) => {
      const tool = below(tracer, step, 'execute_tool researcher', { 'gen_ai.operation.name': 'execute_tool' });
      agent('researcher', tool, [200, 20], () => {});
      tool.end();
    });
  });
}

function framework(operation: string, input: number, output: number): Attributes {
  return { 'gen_ai.operation.name': operation, 'gen_ai.request.model': MODEL, ...usage(input, output) };
}

function below(tracer: Tracer, parent: Span, name: string, attributes: Attributes): Span {
  return tracer.startSpan(name, { attributes }, trace.setSpan(context.active(), parent));
}
