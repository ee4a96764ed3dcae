/** The metrics of what an agent did inside the service, under the names of the newer conventions. */

import { expect } from 'chai';
import {
  AGENTS,
  action,
  actionResult,
  callCollaborator,
  chunk,
  collaboratorResult,
  invocation,
  metadata,
  modelInput,
  modelOutput,
  observation,
  turn,
} from '../support/agent-events.js';
import { useAgents } from '../support/agent-run.js';
import type { Tracing } from '../support/tracing.js';

const OPT_IN = 'OTEL_SEMCONV_STABILITY_OPT_IN';
const T = turn(1);
const WITHIN = { chain: [AGENTS.hive, AGENTS.weather] };

const TURN = [
  modelInput(`${T}-0`, { start: 100 }),
  modelOutput(`${T}-0`, { start: 100, end: 400, input: 30, output: 7 }),
  action(`${T}-0`),
  actionResult(`${T}-0`, 'Opened.', [400, 900]),
  invocation(`${T}-1`, {
    invocationType: 'KNOWLEDGE_BASE',
    knowledgeBaseLookupInput: { knowledgeBaseId: 'KBBEES0001', text: 'when do bees swarm' },
  }),
  observation(`${T}-1`, {
    type: 'KNOWLEDGE_BASE',
    knowledgeBaseLookupOutput: { retrievedReferences: [], metadata: metadata(900, 1000) },
  }),
  callCollaborator(`${T}-2`, 'weather', AGENTS.weather, 'Rain?'),
  modelInput(`${turn(2)}-0`, { start: 1100 }, WITHIN),
  modelOutput(`${turn(2)}-0`, { start: 1100, end: 1300, input: 20, output: 3 }, WITHIN),
  collaboratorResult(`${T}-2`, {
    name: 'weather',
    called: AGENTS.weather,
    text: 'No.',
    turnId: turn(2),
    times: [1000, 1400],
  }),
  chunk('Yes.'),
];

describe('the metrics of an agent', () => {
  const agents = useAgents();
  let metrics: Awaited<ReturnType<Tracing['metrics']>>;
  beforeEach(async () => {
    process.env[OPT_IN] = 'gen_ai_latest_experimental';
    const tracing = await agents.runtime().trace({ withMetrics: true });
    delete process.env[OPT_IN];
    await agents.run(TURN);
    metrics = await tracing.metrics();
  });

  /** The sums of a histogram or a counter, by one of its attributes. */
  function sums(name: string, attribute: string): Record<string, number> {
    const found: Record<string, number> = {};
    for (const { attributes, value } of metrics.get(name) ?? []) {
      const key = String(attributes[attribute]);
      found[key] = (found[key] ?? 0) + (typeof value === 'object' ? (value as { sum: number }).sum : Number(value));
    }
    return found;
  }

  it('count the tokens of each model call once, under the older and the newer name', () => {
    const types = sums('gen_ai.client.token.usage', 'gen_ai.token.type');
    expect(types).to.deep.equal({ input: 50, output: 10 });
    expect(sums('gen_ai.client.inference.usage.input_tokens', 'gen_ai.operation.name')).to.deep.equal({ chat: 50 });
    expect(sums('gen_ai.client.inference.usage.output_tokens', 'gen_ai.operation.name')).to.deep.equal({ chat: 10 });
  });

  it('have the durations that the service states, by agent, tool and knowledge base', () => {
    expect(sums('gen_ai.client.inference.duration', 'gen_ai.request.model')).to.deep.equal({
      'amazon.nova-lite-v1:0': 0.5,
    });
    expect(sums('gen_ai.execute_tool.duration', 'gen_ai.tool.name')).to.deep.equal({ open_hive: 0.5 });
    expect(sums('gen_ai.retrieval.duration', 'gen_ai.data_source.id')).to.deep.equal({ KBBEES0001: 0.1 });
    expect(sums('gen_ai.invoke_agent.duration', 'gen_ai.agent.name')).to.deep.equal({ weather: 0.4 });
    expect(sums('gen_ai.client.invoke_agent.duration', 'gen_ai.agent.id')).to.have.keys('HIVE000001');
  });

  it('have no id of a session or a call', () => {
    const names = [...metrics.values()].flatMap((points) =>
      points.flatMap(({ attributes }) => Object.keys(attributes)),
    );
    expect([...new Set(names)].filter((name) => /conversation|call\.id|session/.test(name))).to.deep.equal([]);
  });
});
