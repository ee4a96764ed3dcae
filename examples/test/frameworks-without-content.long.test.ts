/** Frameworks whose content is off by the one switch: no text of a person, a model or a tool is in their traces. */

import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type { MlflowTrace } from 'opentelemetry-exporter-mlflow';
import { testServer } from 'testing/mlflow-test-server.js';
import { newerNode } from 'testing/npm.js';
import { runNode } from 'testing/run.js';
import { outline, runExample, sumOf, tracesOf } from './run-example.js';

const ROOT = resolve(import.meta.dirname, '../..');
const OFF = { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'false' };
/** Of the questions, the answers, the system prompts and the tools of the applications. */
const CONTENT = /Paris|Tokyo|capital|sunny|assistant\.|current weather|umbrella/i;
const LOOP = ['CHAIN execute_agent_loop_cycle', '  CHAT_MODEL chat', '    CHAT_MODEL chat amazon.nova-pro-v1:0'];

describe('frameworks without content', function () {
  this.timeout(240_000);

  it('records agents of LangChain', async () => {
    const { traces, code, output } = await runExample(['frameworks/langchain'], OFF);
    expect(code, output).to.equal(0);
    expectNoContent(traces);
    expect(traces.flatMap(outline)).to.include('      TOOL get_weather');
  });

  it('records calls of Anthropic’s SDK, also if the SDK itself is told to record content', async () => {
    const { traces, code, output } = await runExample(['frameworks/anthropic'], OFF);
    expect(code, output).to.equal(0);
    expectNoContent(traces);
    const calls = traces.flatMap(({ spans }) => spans.filter(({ type }) => type === 'CHAT_MODEL'));
    expect(calls).to.have.length(3);
    for (const { attributes } of calls) {
      expect(attributes).to.include.keys('gen_ai.request.max_tokens', 'gen_ai.response.finish_reasons');
    }
  });

  it('records a graph of agents of Strands as one tree, and its tokens once', async () => {
    const [trace, ...others] = await runGraph();
    expect(others).to.deep.equal([]);
    const tree = trace ?? expect.fail('no trace');
    expectNoContent([tree]);
    const below = (lines: readonly string[], depth: number) => lines.map((line) => '  '.repeat(depth) + line);
    expect(outline(tree)).to.have.members([
      'WORKFLOW invoke_graph travel',
      '  CHAIN node planner',
      '    AGENT invoke_agent planner',
      ...below(LOOP, 3),
      '  CHAIN node guide',
      '    AGENT invoke_agent guide',
      ...below(LOOP, 3),
      ...below(['TOOL execute_tool get_weather', '  UNKNOWN look up', '    AGENT invoke_agent helper'], 4),
      ...below(LOOP, 7),
      ...below(LOOP, 3),
    ]);
    const { info, spans } = tree;
    const calls = spans.filter(({ name }) => name === 'chat amazon.nova-pro-v1:0');
    expect(info.tokenUsage?.totalTokens)
      .to.equal(sumOf(calls, ({ tokenUsage }) => tokenUsage?.totalTokens))
      .and.greaterThan(0);
  });
});

function expectNoContent(traces: readonly MlflowTrace[]): void {
  expect(traces).to.not.have.length(0);
  const isBigInt = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  expect(JSON.stringify(traces, isBigInt).match(new RegExp(`.{0,80}(?:${CONTENT.source}).{0,20}`, 'i'))?.[0]).to.equal(
    undefined,
  );
  for (const { info } of traces) expect(info.tokenUsage?.totalTokens).to.be.greaterThan(0);
}

/** Runs the agents of `strands-agents.ts`, which need Node.js 22. */
async function runGraph(): Promise<MlflowTrace[]> {
  const { url } = await testServer();
  const simulator = await startSimulator();
  const experimentName = `strands-agents-${randomUUID()}`;
  const register = pathToFileURL(resolve(ROOT, 'packages/mlflow-bedrock/dist/cjs/register.js')).href;
  const program = resolve(ROOT, 'examples/frameworks/test/strands-agents.ts');
  try {
    const { code, output } = await runNode(['--import', 'tsx', '--import', register, program], {
      cwd: ROOT,
      node: await newerNode(),
      env: {
        ...process.env,
        ...OFF,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
        MLFLOW_TRACKING_URI: url,
        MLFLOW_EXPERIMENT_NAME: experimentName,
        OTEL_NODE_RESOURCE_DETECTORS: 'env',
        OTEL_SEMCONV_STABILITY_OPT_IN: 'gen_ai_latest_experimental,gen_ai_span_attributes_only',
      },
    });
    expect(code, output).to.equal(0);
    return await tracesOf(experimentName);
  } finally {
    await simulator.close();
  }
}
