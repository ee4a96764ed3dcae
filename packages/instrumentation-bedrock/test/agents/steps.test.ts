/** Agents: the spans of what an agent did, made of invented traces. */

import { InvokeInlineAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import {
  alias,
  chunk,
  failure,
  guardrail,
  invocation,
  metadata,
  modelInput,
  modelOutput,
  observation,
  trace,
  turn,
} from '../support/agent-events.js';
import { named, only, pathOf, useAgents } from '../support/agent-run.js';
import { collect, json } from '../support/tracing.js';

const T = turn(1);

describe('the steps of an agent', () => {
  const agents = useAgents();
  const { run } = agents;

  it('of a knowledge base is a retrieval span with query and documents', async () => {
    const id = `${T}-0`;
    const reference = {
      content: { type: 'TEXT', text: 'Bees swarm in May.' },
      location: { type: 'S3', s3Location: { uri: 's3://hive/bees.pdf' } },
      metadata: { 'x-amz-bedrock-kb-chunk-id': 'chunk-7' },
    };
    const knowledgeBaseLookupInput = { knowledgeBaseId: 'KBBEES0001', text: 'when do bees swarm' };
    const knowledgeBaseLookupOutput = { retrievedReferences: [reference], metadata: metadata(120, 180) };
    const all = await run([
      invocation(id, { invocationType: 'KNOWLEDGE_BASE', knowledgeBaseLookupInput }, { time: 120 }),
      observation(id, { type: 'KNOWLEDGE_BASE', knowledgeBaseLookupOutput }),
      modelInput(`${T}-KB-null-0`, {
        others: { foundationModel: undefined, type: 'KNOWLEDGE_BASE_RESPONSE_GENERATION' },
      }),
      modelOutput(`${T}-KB-null-0`),
      chunk('In May.', { citations: [{ retrievedReferences: [reference] }] }),
    ]);
    const lookup = only(all, 'retrieval KBBEES0001');
    expect(lookup.attributes).to.include({
      'gen_ai.data_source.id': 'KBBEES0001',
      'aws.bedrock.knowledge_base.id': 'KBBEES0001',
      'gen_ai.retrieval.query.text': 'when do bees swarm',
      'aws.bedrock.retrieval.document.count': 1,
      'mlflow.spanType': 'RETRIEVER',
    });
    expect(json(lookup, 'gen_ai.retrieval.documents')).to.have.nested.property('[0].content', 'Bees swarm in May.');
    expect(json(lookup, 'mlflow.spanOutputs')).to.have.nested.property('[0].page_content', 'Bees swarm in May.');
    const generation = only(all, 'chat');
    expect(generation.attributes['aws.bedrock.agent.prompt_type']).to.equal('KNOWLEDGE_BASE_RESPONSE_GENERATION');
    expect(json(all[0] as ReadableSpan, 'gen_ai.output.messages')).to.have.nested.property(
      '[0].parts[1].type',
      'citations',
    );
  });

  it('of a guardrail is a span for each check, and the agent has the strictest verdict', async () => {
    const all = await run([
      guardrail(`${T}-guardrail-pre-0`, 'NONE', { inputAssessments: [{}] }, [10, 20]),
      guardrail(
        `${T}-guardrail-post-0`,
        'INTERVENED',
        { outputAssessments: [{ topicPolicy: { topics: [] } }] },
        [30, 40],
      ),
      guardrail(`${T}-guardrail-post-0`, 'NONE', { outputAssessments: [{}] }, [50, 60]),
      guardrail(`${T}-guardrail-pre-1`, 'NONE', {}, [70, 80]),
      guardrail(`${T}-guardrail-post-1`, 'NONE', {}, [90, 95]),
      chunk('Not about wasps.'),
    ]);
    const checks = named(all, 'apply_guardrail');
    expect(checks.map(({ attributes }) => attributes['aws.bedrock.guardrail.action'])).to.deep.equal([
      'NONE',
      'GUARDRAIL_INTERVENED',
      'NONE',
      'NONE',
      'NONE',
    ]);
    expect(checks.map(({ attributes }) => attributes['aws.bedrock.guardrail.source'])).to.deep.equal([
      'INPUT',
      'OUTPUT',
      'OUTPUT',
      'INPUT',
      'OUTPUT',
    ]);
    expect(checks[1]?.attributes['mlflow.spanType']).to.equal('GUARDRAIL');
    expect(json(checks[1] as ReadableSpan, 'aws.bedrock.guardrail.assessments')).to.deep.equal([
      { topicPolicy: { topics: [] } },
    ]);
    expect(all[0]?.attributes['aws.bedrock.guardrail.action']).to.equal('GUARDRAIL_INTERVENED');
    expect(all[0]?.status.code).to.equal(SpanStatusCode.UNSET);
  });

  describe('that the trace states of the agent itself', () => {
    it('are a failure before a normal answer, which is no failure of the call', async () => {
      const [root] = await run([failure(`${T}-0`), chunk('Sorry.')]);
      expect(root?.status.code).to.equal(SpanStatusCode.UNSET);
      expect(root?.attributes).to.include({
        'aws.bedrock.agent.failure.code': 424,
        'aws.bedrock.agent.failure.reason': 'The hive did not answer.',
      });
    });

    it('are the events of an orchestration of its own', async () => {
      const custom = { kind: 'customOrchestrationTrace' };
      const [root] = await run([
        trace({ traceId: `${T}-0`, event: { text: 'plan' } }, custom),
        trace({ traceId: `${T}-0`, event: { text: 'act' } }, custom),
        chunk('Yes'),
      ]);
      expect(json(root as ReadableSpan, 'aws.bedrock.agent.custom_orchestration.events')).to.deep.equal([
        'plan',
        'act',
      ]);
    });
  });

  it('of an inline agent have its name and its model above them', async () => {
    const chain = [alias('INLINE_AGENT', 'TSTALIASID')];
    agents.runtime().answer({
      events: [modelInput(`${T}-0`, {}, { chain }), modelOutput(`${T}-0`, {}, { chain }), chunk('Yes')],
    });
    const { completion } = await agents.runtime().client.send(
      new InvokeInlineAgentCommand({
        agentName: 'bee-keeper',
        foundationModel: 'amazon.nova-lite-v1:0',
        instruction: 'You keep bees.',
        sessionId: 's-9',
        inputText: 'Swarm?',
        enableTrace: true,
        guardrailConfiguration: { guardrailIdentifier: 'gr7', guardrailVersion: '3' },
        knowledgeBases: [{ knowledgeBaseId: 'KBBEES0001', description: 'Bees' }],
        actionGroups: [
          {
            actionGroupName: 'hives',
            functionSchema: {
              functions: [
                { name: 'open_hive', description: 'Opens', parameters: { hive: { type: 'number', required: true } } },
                { name: 'weigh_hive', parameters: { unit: { type: 'string' } } },
                { name: 'list_hives' },
                { description: 'Without a name' } as never,
              ],
            },
          },
          { actionGroupName: 'code', parentActionGroupSignature: 'AMAZON.CodeInterpreter' },
          { actionGroupName: 'weather', apiSchema: { payload: 'openapi: 3.0.0' } },
          { description: 'Without a name' } as never,
        ],
        inlineSessionState: {
          files: [
            {
              name: 'weights.csv',
              useCase: 'CODE_INTERPRETER',
              source: {
                sourceType: 'BYTE_CONTENT',
                byteContent: { mediaType: 'text/csv', data: Buffer.from('12,31') },
              },
            },
            {
              name: 'bees.bin',
              useCase: 'CHAT',
              source: { sourceType: 'BYTE_CONTENT', byteContent: { data: Buffer.from('7') } as never },
            },
          ],
          conversationHistory: { messages: [{ role: 'user', content: [{ text: 'Hello' }] }] },
        },
        bedrockModelConfigurations: { performanceConfig: { latency: 'optimized' } },
        streamingConfigurations: { streamFinalResponse: true, applyGuardrailInterval: 50 },
      }),
    );
    await collect(completion);
    const all = agents.spans();
    const root = only(all, 'invoke_agent bee-keeper');
    expect(root.attributes).to.deep.include({
      'gen_ai.agent.name': 'bee-keeper',
      'gen_ai.request.model': 'amazon.nova-lite-v1:0',
      'gen_ai.conversation.id': 's-9',
      'aws.bedrock.guardrail.id': 'gr7',
      'aws.bedrock.guardrail.version': '3',
      'aws.bedrock.agent.knowledge_base_ids': ['KBBEES0001'],
      'aws.bedrock.agent.stream_final_response': true,
      'aws.bedrock.agent.apply_guardrail_interval': 50,
      'aws.bedrock.request.performance_config.latency': 'optimized',
    });
    expect(json(root, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: 'You keep bees.' }]);
    expect(json(root, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'Hello' }] },
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'Swarm?' },
          {
            type: 'blob',
            modality: 'document',
            mime_type: 'text/csv',
            content: Buffer.from('12,31').toString('base64'),
            name: 'weights.csv',
            use_case: 'CODE_INTERPRETER',
          },
          { type: 'blob', modality: 'document', content: 'Nw==', name: 'bees.bin', use_case: 'CHAT' },
        ],
      },
    ]);
    expect(json(root, 'gen_ai.tool.definitions')).to.deep.equal([
      {
        type: 'function',
        name: 'open_hive',
        description: 'Opens',
        parameters: { type: 'object', properties: { hive: { type: 'number' } }, required: ['hive'] },
      },
      {
        type: 'function',
        name: 'weigh_hive',
        parameters: { type: 'object', properties: { unit: { type: 'string' } } },
      },
      { type: 'function', name: 'list_hives' },
      { type: 'AMAZON.CodeInterpreter', name: 'code' },
      { type: 'function', name: 'weather' },
    ]);
    expect(pathOf(only(all, 'chat amazon.nova-lite-v1:0'), all)).to.equal('/invoke_agent bee-keeper');
  });
});
