/** The other operations of AgentCore, among them those that must not be recorded. */

import * as sdk from '@aws-sdk/client-bedrock-agentcore';
import { expect } from 'chai';
import { operationOf } from '../../src/operations/index.js';
import { type AgentCore, beforeEachAgentCoreTest, errorOf } from '../support/agentcore.js';
import { json } from '../support/tracing.js';

/** The operations whose requests and answers are credentials or money. */
const CONFIDENTIAL = /Token|ApiKey|Payment/;

/** The schema of an operation, as newer SDKs have it: `[9, namespace, name, traits, input, output]`. */
type Schema = readonly [number, string, string, unknown, () => Shape, () => Shape];
/** `[3, namespace, name, traits, members, schemas of the members]`. */
type Shape = readonly [number, string, string, unknown, readonly string[], readonly unknown[]];

const OPERATIONS = Object.values(sdk as unknown as Record<string, unknown>)
  .filter((value): value is Schema => Array.isArray(value) && value[0] === 9)
  .map(([, , name, , input, output]) => ({ name, input: input(), output: output() }));

describe('every operation of AgentCore', () => {
  let core: AgentCore;
  beforeEachAgentCoreTest((parts) => {
    core = parts;
  });

  const send = (name: string, input: object): Promise<unknown> => {
    const Command = (sdk as unknown as Record<string, new (input: object) => never>)[`${name}Command`]!;
    return core.client.send(new Command(input));
  };

  it('has a row in the table of operations', () => {
    expect(OPERATIONS.length).to.be.at.least(67);
    const unknown = OPERATIONS.filter(({ name }) => operationOf('Bedrock AgentCore', name).spanType === 'LLM');
    expect(unknown.map(({ name }) => name)).to.deep.equal([]);
  });

  it('passes on the trace context if its input has a member for it', () => {
    for (const { name, input } of OPERATIONS) {
      const members: Record<string, string> = {
        traceParent: 'traceparent',
        traceState: 'tracestate',
        baggage: 'baggage',
      };
      const headers = Object.keys(members).flatMap((member) => (input[4]?.includes(member) ? [members[member]] : []));
      expect(operationOf('Bedrock AgentCore', name).traceHeaders ?? [], name).to.deep.equal(headers);
    }
  });

  it('records nothing of credentials and payments, though content is on', async () => {
    const names = OPERATIONS.filter(({ name }) => CONFIDENTIAL.test(name));
    expect(names).to.have.lengthOf(17);
    const contentHook = ({ value }: { value: unknown }): unknown => value;
    for (const config of [{}, { contentHook }]) {
      await core.trace({ config: config as object });
      const received = core.simulator.requests.length;
      for (const [index, { name, input, output }] of names.entries()) {
        const canaries = (shape: Shape): object =>
          Object.fromEntries((shape[4] ?? []).map((member) => [member, `canary-${member}-0123456789`]));
        const isRefused = index % 3 === 2;
        core.answer(
          isRefused
            ? {
                status: 403,
                headers: { 'x-amzn-errortype': 'CanaryException' },
                body: { message: 'The token canary.' },
              }
            : { body: canaries(output) },
        );
        await errorOf(() => send(name, canaries(input)));
        const span = core.tracing.spans().at(-1)!;
        const { attributes, events, status } = span;
        expect(JSON.stringify({ attributes, events, status, name: span.name }), name).to.not.match(/canary/i);
        expect(attributes, name).to.include.keys('gen_ai.operation.name', 'http.response.status_code');
        if (isRefused) expect(attributes, name).to.include({ 'error.type': '_OTHER' });
      }
      expect(core.tracing.spans()).to.have.lengthOf(names.length);
      // Each request was sent, with its canaries.
      const sent = core.simulator.requests.slice(received);
      expect(sent.filter((request) => /canary/.test(JSON.stringify(request)))).to.have.lengthOf(names.length);
    }
  });

  it('shows what a search in the registry has found', async () => {
    const record = {
      recordId: 'rec-1',
      name: 'bees',
      description: 'Counts bees.',
      descriptorType: 'MCP',
      version: '1',
    };
    core.answer({ body: { registryRecords: [record] } });
    await send('SearchRegistryRecords', { searchQuery: 'count bees', registryIds: ['reg-1'], maxResults: 5 });
    const [span] = core.tracing.spans();
    expect(span?.name).to.equal('search_registry_records');
    expect(span?.attributes).to.include({
      'gen_ai.retrieval.query.text': 'count bees',
      'gen_ai.retrieval.top_k': 5,
      'mlflow.spanType': 'RETRIEVER',
    });
    const [document] = json(span!, 'gen_ai.retrieval.documents') as unknown[];
    expect(document).to.deep.include({ id: 'rec-1', content: 'bees: Counts bees.' });
    expect(json(span!, 'mlflow.spanOutputs')).to.have.nested.property('[0].page_content', 'bees: Counts bees.');
  });

  it('has the tokens that an evaluation has used', async () => {
    const result = { evaluatorArn: 'arn:e', evaluatorId: 'e', evaluatorName: 'e', context: {} };
    core.answer({
      body: {
        evaluationResults: [
          { ...result, value: 1, tokenUsage: { inputTokens: 10, outputTokens: 2, totalTokens: 12 } },
          { ...result, value: 0, tokenUsage: { inputTokens: 5, outputTokens: 1, totalTokens: 6 } },
          { ...result, errorCode: 'Throttled' },
        ],
      },
    });
    await send('Evaluate', { evaluatorId: 'Builtin.Helpfulness', evaluationInput: { sessionSpans: [{}] } });
    expect(core.tracing.spans()[0]?.attributes).to.include({
      'gen_ai.operation.name': 'evaluate',
      'aws.bedrock.agentcore.evaluator.id': 'Builtin.Helpfulness',
      'gen_ai.usage.input_tokens': 15,
      'gen_ai.usage.output_tokens': 3,
    });
    for (const [evaluationResults, input] of [
      [[{ ...result, tokenUsage: { inputTokens: 4 } }], 4],
      [[{ ...result, errorCode: 'Throttled' }], undefined],
      [undefined, undefined],
    ] as const) {
      await core.trace({});
      core.answer({ body: { evaluationResults } });
      await send('Evaluate', { evaluatorId: 'Builtin.Helpfulness', evaluationInput: { sessionSpans: [{}] } });
      const { attributes } = core.tracing.spans()[0]!;
      expect(attributes['gen_ai.usage.input_tokens']).to.equal(input);
      expect(attributes).to.not.have.property('gen_ai.usage.output_tokens');
    }
  });

  it('shows an answer as it is if a search has no list of what it found', async () => {
    core.answer({ body: { nextToken: 'page-2' } });
    await send('SearchRegistryRecords', { searchQuery: 'count bees', registryIds: ['reg-1'] });
    await send('RetrieveMemoryRecords', { memoryId: 'bees-1234567890', namespace: '/', searchCriteria: {} });
    for (const span of core.tracing.spans()) {
      expect(span.attributes).to.not.have.property('gen_ai.retrieval.documents');
      expect(json(span, 'mlflow.spanOutputs')).to.not.be.an('array');
    }
    expect(core.tracing.spans()).to.have.lengthOf(2);
  });

  it('has the id and the status of a job', async () => {
    core.answer({ body: { batchEvaluationId: 'be-1', batchEvaluationArn: 'arn:b', status: 'IN_PROGRESS' } });
    await send('StopBatchEvaluation', { batchEvaluationId: 'be-1' });
    expect(core.tracing.spans()[0]?.name).to.equal('stop_batch_evaluation');
    expect(core.tracing.spans()[0]?.attributes).to.include({
      'aws.bedrock.agentcore.job.id': 'be-1',
      'aws.bedrock.agentcore.job.status': 'IN_PROGRESS',
    });
  });
});
