/** Rerank, GenerateQuery, OptimizePrompt and AgenticRetrieveStream. */

import {
  AgenticRetrieveStreamCommand,
  type AgenticRetrieveStreamCommandInput,
  GenerateQueryCommand,
  OptimizePromptCommand,
  RerankCommand,
  type RerankCommandInput,
} from '@aws-sdk/client-bedrock-agent-runtime';
import { expect } from 'chai';
import {
  type AgentRuntime,
  beforeEachAgentRuntimeTest,
  outcomeOf,
  readAgentRuntimeRecordings,
  replayed,
} from '../support/knowledge-base.js';
import { collect, json } from '../support/tracing.js';

const MODEL = 'arn:aws:bedrock:us-east-1::foundation-model/amazon.rerank-v1:0';

const RERANK: RerankCommandInput = {
  queries: [{ type: 'TEXT', textQuery: { text: 'When do bees swarm?' } }],
  sources: [
    { type: 'INLINE', inlineDocumentSource: { type: 'TEXT', textDocument: { text: 'Hives are boxes.' } } },
    { type: 'INLINE', inlineDocumentSource: { type: 'JSON', jsonDocument: { month: 'May', hives: 12 } } },
  ],
  rerankingConfiguration: {
    type: 'BEDROCK_RERANKING_MODEL',
    bedrockRerankingConfiguration: { numberOfResults: 2, modelConfiguration: { modelArn: MODEL } },
  },
};

describe('Rerank', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });
  const span = () => runtime.tracing.spans()[0]!;

  it('is a span with model, query, documents and their scores', async () => {
    const results = [
      { index: 1, relevanceScore: 0.9, document: { type: 'JSON', jsonDocument: { month: 'May' } } },
      { index: 0, relevanceScore: 0.1 },
    ];
    runtime.answer({ body: { results, nextToken: 'page-2' } });
    await runtime.client.send(new RerankCommand(RERANK));
    expect(span().name).to.equal(`rerank ${MODEL}`);
    expect(span().attributes).to.include({
      'gen_ai.operation.name': 'rerank',
      'gen_ai.request.model': MODEL,
      'gen_ai.retrieval.top_k': 2,
      'aws.bedrock.retrieval.document.count': 2,
      'gen_ai.retrieval.query.text': 'When do bees swarm?',
      'mlflow.spanType': 'RERANKER',
      'mlflow.llm.provider': 'amazon',
    });
    expect(json(span(), 'gen_ai.input.messages')).to.deep.equal([
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'When do bees swarm?' },
          { type: 'document', document: 'Hives are boxes.' },
          { type: 'document', document: { month: 'May', hives: 12 } },
        ],
      },
    ]);
    expect(json(span(), 'gen_ai.retrieval.documents')).to.deep.equal([
      { id: '1', index: 1, score: 0.9, content: { month: 'May' } },
      { id: '0', index: 0, score: 0.1 },
    ]);
    expect(json(span(), 'mlflow.spanOutputs')).to.deep.include({ results, nextToken: 'page-2' });
  });

  it('has documents whose members are missing', async () => {
    const document = { type: 'TEXT', textDocument: { text: 'Bees swarm.' } };
    runtime.answer({ body: { results: [{ document }, { index: 0 }] } });
    await runtime.client.send(new RerankCommand({ ...RERANK, sources: [{ type: 'INLINE' } as never] }));
    expect(json(span(), 'gen_ai.input.messages')).to.have.deep.nested.property('[0].parts[1]', {
      type: 'document',
      document: null,
    });
    expect(json(span(), 'gen_ai.retrieval.documents')).to.deep.equal([
      { content: 'Bees swarm.' },
      { id: '0', index: 0 },
    ]);
  });

  const recordings = readAgentRuntimeRecordings(['Rerank']);
  for (const recording of recordings ?? []) {
    it(`reads ${recording.id} and leaves its answer as it is`, async () => {
      runtime.answer(replayed(recording));
      const call = () =>
        outcomeOf(() =>
          runtime.client.send(new RerankCommand(recording.request.body as unknown as RerankCommandInput)),
        );
      const traced = await call();
      const [traceOf] = runtime.tracing.spans();
      runtime.tracing.instrumentation.disable();
      expect(traced).to.deep.equal(await call());
      const found = (json(traceOf!, 'gen_ai.retrieval.documents') ?? []) as { index: number; score: number }[];
      const { rerank, error } = recording.expected;
      expect(found.map(({ index, score }) => ({ index, score }))).to.deep.equal(rerank ?? []);
      expect(traceOf?.attributes['error.type'] === undefined).to.equal(error === null);
    });
  }
  if (!recordings) it('reads the recordings beside the repository');
});

describe('GenerateQuery', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });

  it('has the question, the queries and the knowledge base', async () => {
    runtime.answer({ body: { queries: [{ type: 'REDSHIFT_SQL', sql: 'select month from swarms' }] } });
    await runtime.client.send(
      new GenerateQueryCommand({
        queryGenerationInput: { type: 'TEXT', text: 'When do bees swarm?' },
        transformationConfiguration: {
          mode: 'TEXT_TO_SQL',
          textToSqlConfiguration: {
            type: 'KNOWLEDGE_BASE',
            knowledgeBaseConfiguration: {
              knowledgeBaseArn: 'arn:aws:bedrock:us-east-1:111122223333:knowledge-base/KBBEES0001',
            },
          },
        },
      }),
    );
    const [span] = runtime.tracing.spans();
    expect(span?.name).to.equal('generate_query');
    expect(span?.attributes).to.include({
      'gen_ai.operation.name': 'generate_query',
      'gen_ai.data_source.id': 'KBBEES0001',
      'mlflow.spanType': 'TASK',
    });
    expect(json(span!, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'When do bees swarm?' }] },
    ]);
    expect(json(span!, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'select month from swarms' }], finish_reason: 'stop' },
    ]);
  });
});

describe('OptimizePrompt', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });
  const analysis = { type: 'analyzePromptEvent', payload: { message: 'The prompt is short.' } };
  const optimized = {
    type: 'optimizedPromptEvent',
    payload: { optimizedPrompt: { textPrompt: { text: 'Name the month in which bees swarm.' } } },
  };
  const optimize = async () => {
    const { optimizedPrompt } = await runtime.client.send(
      new OptimizePromptCommand({
        input: { textPrompt: { text: 'bees swarm when' } },
        targetModelId: 'amazon.nova-lite-v1:0',
      }),
    );
    return collect(optimizedPrompt);
  };

  it('has the prompt, the analysis and the better prompt', async () => {
    runtime.answer({ events: [analysis, optimized] });
    await optimize();
    const [span] = runtime.tracing.spans();
    expect(span?.name).to.equal('optimize_prompt');
    expect(span?.attributes).to.include({
      'gen_ai.operation.name': 'optimize_prompt',
      'gen_ai.request.stream': true,
      'aws.bedrock.prompt.target_model': 'amazon.nova-lite-v1:0',
      'mlflow.spanType': 'TASK',
    });
    expect(span?.attributes).to.not.have.any.keys('gen_ai.request.model', 'error.type');
    expect(json(span!, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'bees swarm when' }] },
    ]);
    expect(json(span!, 'gen_ai.output.messages')).to.deep.equal([
      {
        role: 'assistant',
        parts: [
          { type: 'reasoning', content: 'The prompt is short.' },
          { type: 'text', content: 'Name the month in which bees swarm.' },
        ],
        finish_reason: 'stop',
      },
    ]);
  });

  it('fails if the stream ends after the analysis', async () => {
    runtime.answer({ events: [analysis] });
    await optimize();
    expect(runtime.tracing.spans()[0]?.attributes['error.type']).to.equal('incomplete_stream');
  });
});

describe('AgenticRetrieveStream', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });
  const knowledgeBase = (knowledgeBaseId: string) => ({ configuration: { knowledgeBase: { knowledgeBaseId } } });
  const INPUT: AgenticRetrieveStreamCommandInput = {
    messages: [
      { role: 'user', content: { text: 'Tell me of bees.' } },
      { role: 'assistant', content: { text: 'What of them?' } },
      { role: 'user', content: { text: 'When do they swarm?' } },
      { role: 'assistant', content: { text: 'Let me look.' } },
    ],
    retrievers: [
      {
        configuration: {
          knowledgeBase: { knowledgeBaseId: 'KBBEES0001', retrievalOverrides: { maxNumberOfResults: 6 } },
        },
      },
    ],
    agenticRetrieveConfiguration: {
      foundationModelType: 'CUSTOM',
      foundationModelConfiguration: {
        type: 'BEDROCK_FOUNDATION_MODEL',
        bedrockFoundationModelConfiguration: { modelConfiguration: { modelArn: 'amazon.nova-pro-v1:0' } },
      },
    },
    policyConfiguration: { bedrockGuardrailConfiguration: { guardrailId: 'gr1', guardrailVersion: '2' } },
    memoryConfiguration: { memoryId: 'memory-1', sessionBinding: { actorId: 'actor-1', sessionId: 'session-1' } },
  };
  const found = {
    content: { text: 'Bees swarm in May.', mimeType: 'text/plain' },
    metadata: { 'x-amz-bedrock-kb-source-uri': 's3://hive/bees.pdf' },
    sourceRetriever: { identifier: 'KBBEES0001' },
  };
  const planning = (warnings: object[]) => ({
    type: 'traceEvent',
    payload: {
      id: 'step-1',
      timestamp: 1,
      attributes: { step: 'Planning', status: 'SUCCEEDED', message: 'Search for swarms.', warnings },
    },
  });
  const retrieve = async (input: AgenticRetrieveStreamCommandInput) => {
    const { stream } = await runtime.client.send(new AgenticRetrieveStreamCommand(input));
    return collect(stream);
  };
  const span = () => runtime.tracing.spans()[0]!;

  it('is a retrieval with model, question, guardrail and documents', async () => {
    const warning = { guardrail: { id: 'gr1', version: '2', action: 'INTERVENED' } };
    runtime.answer({ events: [planning([warning]), { type: 'result', payload: { results: [found] } }] });
    await retrieve(INPUT);
    expect(span().name).to.equal('retrieval KBBEES0001');
    expect(span().attributes).to.include({
      'gen_ai.operation.name': 'retrieval',
      'gen_ai.request.model': 'amazon.nova-pro-v1:0',
      'gen_ai.data_source.id': 'KBBEES0001',
      'gen_ai.retrieval.top_k': 6,
      'gen_ai.retrieval.query.text': 'When do they swarm?',
      'gen_ai.conversation.id': 'session-1',
      'aws.bedrock.guardrail.id': 'gr1',
      'aws.bedrock.guardrail.action': 'GUARDRAIL_INTERVENED',
      'mlflow.spanType': 'RETRIEVER',
    });
    const document = {
      id: 's3://hive/bees.pdf',
      uri: 's3://hive/bees.pdf',
      content: 'Bees swarm in May.',
      mimeType: 'text/plain',
      metadata: found.metadata,
      sourceRetriever: found.sourceRetriever,
    };
    expect(json(span(), 'gen_ai.retrieval.documents')).to.deep.equal([document]);
    expect(json(span(), 'mlflow.spanOutputs')).to.deep.equal([
      {
        page_content: 'Bees swarm in May.',
        metadata: { ...found.metadata, doc_uri: 's3://hive/bees.pdf', sourceRetriever: found.sourceRetriever },
        id: 's3://hive/bees.pdf',
      },
    ]);
  });

  it('has an image with its media type', async () => {
    const image = { content: { byteContent: 'iVBORw0KGgo=', mimeType: 'image/png' } };
    runtime.answer({ events: [{ type: 'result', payload: { results: [image] } }] });
    await retrieve(INPUT);
    expect(json(span(), 'gen_ai.retrieval.documents')).to.deep.equal([
      { content: 'iVBORw0KGgo=', mimeType: 'image/png' },
    ]);
    expect(json(span(), 'mlflow.spanOutputs')).to.have.nested.property('[0].page_content', '[image/png]');
  });

  it('has the events of its trace as events of the span, also if no answer is generated', async () => {
    await runtime.trace({ config: { recordStreamEvents: true } });
    runtime.answer({ events: [planning([]), { type: 'result', payload: { results: [found] } }] });
    await retrieve(INPUT);
    const [event] = span().events;
    expect(event?.name).to.equal('traceEvent');
    expect(event?.attributes?.['json']).to.include('Search for swarms.');
  });

  it('has the number of documents and the verdict also if content is off', async () => {
    await runtime.trace({ config: { captureMessageContent: false } });
    const warning = { guardrail: { id: 'gr1', version: '2', action: 'INTERVENED' } };
    runtime.answer({ events: [planning([warning]), { type: 'result', payload: { results: [found, found] } }] });
    await retrieve(INPUT);
    expect(span().attributes).to.include({
      'aws.bedrock.retrieval.document.count': 2,
      'aws.bedrock.guardrail.action': 'GUARDRAIL_INTERVENED',
    });
    expect(JSON.stringify(span().attributes)).to.not.match(/swarm|May/);
  });

  it('is a chain with an answer if the request asks for one', async () => {
    const citations = [{ startIndex: 0, endIndex: 7, references: [{ resultIndex: 0 }] }];
    const generatedResponse = { answer: 'In May.', citations };
    runtime.answer({
      events: [
        { type: 'responseEvent', payload: { text: 'In ' } },
        { type: 'responseEvent', payload: { text: 'May.' } },
        { type: 'result', payload: { results: [found], generatedResponse } },
      ],
    });
    await retrieve({ ...INPUT, generateResponse: true });
    expect(span().attributes['mlflow.spanType']).to.equal('CHAIN');
    expect(json(span(), 'gen_ai.output.messages')).to.deep.equal([
      {
        role: 'assistant',
        parts: [
          { type: 'text', content: 'In May.' },
          { type: 'citations', content: citations },
        ],
        finish_reason: 'stop',
      },
    ]);
    expect(json(span(), 'mlflow.spanOutputs')).to.deep.include({ results: [found], generatedResponse });
  });

  it('has the pieces of an answer that was cut off, as a failure', async () => {
    runtime.answer({ events: [{ type: 'responseEvent', payload: { text: 'In ' } }] });
    await retrieve({ ...INPUT, generateResponse: true });
    expect(span().attributes['error.type']).to.equal('incomplete_stream');
    expect(json(span(), 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'In ' }], finish_reason: 'error' },
    ]);
  });

  it('has messages without a role, and none without a text', async () => {
    const messages = [{ content: { text: 'When?' } }, { role: 'user', content: {} }] as never;
    runtime.answer({ events: [{ type: 'result', payload: { results: [] } }] });
    await retrieve({ ...INPUT, messages });
    expect(json(span(), 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'When?' }] },
    ]);
  });

  it('names no data source if there are several', async () => {
    runtime.answer({ events: [{ type: 'result', payload: { results: [] } }] });
    await retrieve({ ...INPUT, retrievers: [knowledgeBase('KB1'), knowledgeBase('KB2')] });
    expect(span().name).to.equal('retrieval');
    expect(span().attributes).to.not.have.any.keys('gen_ai.data_source.id', 'error.type');
    expect(json(span(), 'gen_ai.retrieval.documents')).to.deep.equal([]);
  });
});
