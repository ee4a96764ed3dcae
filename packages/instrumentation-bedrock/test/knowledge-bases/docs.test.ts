/** The code of docs/knowledge-bases.md, as it is printed, and the hook on what it records. */

import { readFileSync } from 'node:fs';
import * as sdk from '@aws-sdk/client-bedrock-agent-runtime';
import type { ReceivedRequest, SimulatedResponse } from 'bedrock-simulator';
import { expect } from 'chai';
import { codeBlocks } from 'testing/markdown.js';
import { type AgentRuntime, beforeEachAgentRuntimeTest } from '../support/knowledge-base.js';
import { json } from '../support/tracing.js';

const PAGE = readFileSync(new URL('../../../../docs/knowledge-bases.md', import.meta.url), 'utf8');
const EXAMPLES = codeBlocks(PAGE, 'js').map((code) => code.replace(/^import .*$/gm, ''));

const FOUND = { content: { type: 'TEXT', text: 'Bees swarm in May.' }, score: 0.5 };

function answer({ path }: ReceivedRequest): SimulatedResponse {
  if (path.endsWith('/retrieve')) return { body: { retrievalResults: [FOUND] } };
  if (path.endsWith('/retrieveAndGenerate')) return { body: { sessionId: 's', output: { text: 'In May.' } } };
  return {
    events: [
      { type: 'flowOutputEvent', payload: { nodeName: 'End', content: { document: 'In May.' } } },
      { type: 'flowCompletionEvent', payload: { completionReason: 'SUCCESS' } },
    ],
  };
}

describe('docs/knowledge-bases.md', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
    runtime.answer(answer);
  });

  /** Runs an example with the client of the test in the place of its own. */
  async function run(code: string): Promise<unknown[]> {
    const lines: unknown[] = [];
    const scope = {
      ...sdk,
      autolog: () => undefined,
      BedrockAgentRuntimeClient: () => runtime.client,
      console: { log: (line: unknown) => lines.push(line) },
      ...(code.includes('const client') ? {} : { client: runtime.client }),
    };
    const names = Object.keys(scope).filter((name) => /^\w+$/.test(name) && name !== 'default');
    const AsyncFunction = (async () => undefined).constructor as FunctionConstructor;
    const values = names.map((name) => scope[name as keyof typeof scope]);
    await (
      new AsyncFunction(...names, code.replace('new BedrockAgentRuntimeClient', 'BedrockAgentRuntimeClient')) as (
        ...values: unknown[]
      ) => Promise<void>
    )(...values);
    return lines;
  }

  it('has examples that run, each with the span of its section', async () => {
    const lines: unknown[] = [];
    for (const example of EXAMPLES) lines.push(...(await run(example)));
    expect(runtime.tracing.spans().map(({ name }) => name)).to.deep.equal([
      'retrieval KBBEES0001',
      'chat amazon.nova-lite-v1:0',
      'invoke_workflow FLOWHIVE01',
    ]);
    expect(lines).to.deep.equal(['In May.', '']);
  });

  it('names only attributes that the instrumentation has', () => {
    const attributes = readFileSync(new URL('../../../../docs/attributes.md', import.meta.url), 'utf8');
    const names = [...PAGE.matchAll(/`((?:gen_ai|aws|mlflow)\.[\w.]+)`/g)].map(([, name = '']) => name);
    for (const name of names) expect(attributes, name).to.include(`\`${name}\``);
  });

  it('is under the rule of the hook: what it removes is in no form of the documents', async () => {
    await runtime.trace({
      config: { contentHook: ({ value }) => JSON.parse(JSON.stringify(value).replaceAll('May', '[month]')) },
    });
    await run(EXAMPLES[0] ?? '');
    const [span] = runtime.tracing.spans();
    expect(json(span!, 'gen_ai.retrieval.documents')).to.have.nested.property('[0].content', 'Bees swarm in [month].');
    expect(json(span!, 'mlflow.spanOutputs')).to.have.nested.property('[0].page_content', 'Bees swarm in [month].');
    expect(JSON.stringify(span?.attributes)).to.not.include('May');
  });

  it('is under maxContentLength: long documents are cut, with a note', async () => {
    await runtime.trace({ config: { maxContentLength: 8 } });
    await run(EXAMPLES[0] ?? '');
    const [span] = runtime.tracing.spans();
    const cut = 'Bees swa… [10 more characters not recorded]';
    expect(json(span!, 'gen_ai.retrieval.documents')).to.have.nested.property('[0].content', cut);
    expect(json(span!, 'mlflow.spanOutputs')).to.have.nested.property('[0].page_content', cut);
  });
});
