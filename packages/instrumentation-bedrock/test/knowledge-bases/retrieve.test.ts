/** Retrieve: lookups in a knowledge base. */

import { RetrieveCommand, type RetrieveCommandInput } from '@aws-sdk/client-bedrock-agent-runtime';
import { expect } from 'chai';
import {
  type AgentRuntime,
  beforeEachAgentRuntimeTest,
  outcomeOf,
  readAgentRuntimeRecordings,
  replayed,
} from '../support/knowledge-base.js';
import { json } from '../support/tracing.js';

const INPUT: RetrieveCommandInput = {
  knowledgeBaseId: 'KBBEES0001',
  retrievalQuery: { text: 'When do bees swarm?' },
  retrievalConfiguration: { vectorSearchConfiguration: { numberOfResults: 4, overrideSearchType: 'HYBRID' } },
  guardrailConfiguration: { guardrailId: 'gr1', guardrailVersion: '2' },
};

const ANSWER = {
  guardrailAction: 'INTERVENED',
  nextToken: 'page-2',
  retrievalResults: [
    {
      content: { type: 'TEXT', text: 'Bees swarm in May.' },
      location: { type: 'S3', s3Location: { uri: 's3://hive/bees.pdf' } },
      metadata: { 'x-amz-bedrock-kb-chunk-id': 'chunk-7', page: 3 },
      score: 0.81,
    },
    {
      content: {
        type: 'ROW',
        row: [
          { columnName: 'hive', columnValue: '12', type: 'LONG' },
          { columnName: 'month', columnValue: 'May', type: 'STRING' },
        ],
      },
      location: { type: 'SQL', sqlLocation: { query: 'select hive, month from swarms' } },
    },
    {
      content: { type: 'IMAGE', byteContent: 'data:image/png;base64,iVBORw0KGgo=' },
      location: { type: 'WEB', webLocation: { url: 'https://bees.example/swarm' } },
      score: 0.4,
    },
    {
      content: { type: 'AUDIO', audio: { s3Uri: 's3://hive/hum.mp3', transcription: 'Hum.' } },
      location: { type: 'CUSTOM', customDocumentLocation: { id: 'hum-1' } },
    },
    { content: { type: 'VIDEO', video: { s3Uri: 's3://hive/swarm.mp4' } } },
  ],
};

describe('Retrieve', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });

  const retrieve = (input = INPUT) => runtime.client.send(new RetrieveCommand(input));

  it('is a retrieval span with knowledge base, query, number of results and guardrail', async () => {
    runtime.answer({ body: ANSWER });
    await retrieve();
    const [span] = runtime.tracing.spans();
    expect(span?.name).to.equal('retrieval KBBEES0001');
    expect(span?.attributes).to.include({
      'gen_ai.operation.name': 'retrieval',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.data_source.id': 'KBBEES0001',
      'aws.bedrock.knowledge_base.id': 'KBBEES0001',
      'gen_ai.retrieval.query.text': 'When do bees swarm?',
      'gen_ai.retrieval.top_k': 4,
      'aws.bedrock.retrieval.document.count': 5,
      'aws.bedrock.guardrail.id': 'gr1',
      'aws.bedrock.guardrail.version': '2',
      'aws.bedrock.guardrail.action': 'GUARDRAIL_INTERVENED',
      'mlflow.spanType': 'RETRIEVER',
    });
    expect(span?.attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'gen_ai.request.model');
    expect(json(span!, 'mlflow.spanInputs')).to.deep.equal(INPUT);
  });

  it('lists the documents with id, score and text as the conventions have them', async () => {
    runtime.answer({ body: ANSWER });
    await retrieve();
    expect(json(runtime.tracing.spans()[0]!, 'gen_ai.retrieval.documents')).to.deep.equal([
      {
        id: 'chunk-7',
        score: 0.81,
        type: 'TEXT',
        content: 'Bees swarm in May.',
        uri: 's3://hive/bees.pdf',
        location: ANSWER.retrievalResults[0]?.location,
        metadata: ANSWER.retrievalResults[0]?.metadata,
      },
      { type: 'ROW', content: 'hive: 12\nmonth: May', location: ANSWER.retrievalResults[1]?.location },
      {
        id: 'https://bees.example/swarm',
        score: 0.4,
        type: 'IMAGE',
        content: 'data:image/png;base64,iVBORw0KGgo=',
        uri: 'https://bees.example/swarm',
        location: ANSWER.retrievalResults[2]?.location,
      },
      { id: 'hum-1', type: 'AUDIO', content: 'Hum.', uri: 'hum-1', location: ANSWER.retrievalResults[3]?.location },
      { id: 's3://hive/swarm.mp4', type: 'VIDEO', uri: 's3://hive/swarm.mp4' },
    ]);
  });

  it('shows the documents to MLflow with text, id and the place that its judges read', async () => {
    runtime.answer({ body: ANSWER });
    await retrieve();
    const results = ANSWER.retrievalResults;
    expect(json(runtime.tracing.spans()[0]!, 'mlflow.spanOutputs')).to.deep.equal([
      {
        page_content: 'Bees swarm in May.',
        metadata: {
          'x-amz-bedrock-kb-chunk-id': 'chunk-7',
          page: 3,
          score: 0.81,
          doc_uri: 's3://hive/bees.pdf',
          location: results[0]?.location,
        },
        id: 'chunk-7',
      },
      {
        page_content: 'hive: 12\nmonth: May',
        metadata: { location: results[1]?.location, content: results[1]?.content },
      },
      {
        page_content: '[image/png]',
        metadata: {
          score: 0.4,
          doc_uri: 'https://bees.example/swarm',
          location: results[2]?.location,
          content: results[2]?.content,
        },
        id: 'https://bees.example/swarm',
      },
      {
        page_content: 'Hum.',
        metadata: { doc_uri: 'hum-1', location: results[3]?.location, content: results[3]?.content },
        id: 'hum-1',
      },
      {
        page_content: '[video s3://hive/swarm.mp4]',
        metadata: { doc_uri: 's3://hive/swarm.mp4', content: results[4]?.content },
        id: 's3://hive/swarm.mp4',
      },
    ]);
  });

  it('has the id of a document, its place before that in its metadata, and metadata under any name', async () => {
    const metadata = { 'x-amz-bedrock-kb-source-uri': 's3://hive/copy.pdf', location: 'Berlin', score: 'high' };
    const location = { type: 'S3', s3Location: { uri: 's3://hive/bees.pdf' } };
    const content = { type: 'TEXT', text: 'Bees swarm in May.' };
    runtime.answer({
      body: {
        retrievalResults: [
          { content, location, metadata, score: 0.5, documentId: 'document-7' },
          { content, metadata },
        ],
      },
    });
    await retrieve({ ...INPUT, retrievalConfiguration: { managedSearchConfiguration: { numberOfResults: 9 } } });
    const [span] = runtime.tracing.spans();
    expect(span?.attributes['gen_ai.retrieval.top_k']).to.equal(9);
    const [first, second] = json(span!, 'gen_ai.retrieval.documents') as Record<string, unknown>[];
    expect(first).to.deep.include({ id: 'document-7', uri: 's3://hive/bees.pdf', location, metadata });
    expect(second).to.deep.include({ id: 's3://hive/copy.pdf', uri: 's3://hive/copy.pdf', metadata });
    expect(json(span!, 'mlflow.spanOutputs')).to.have.deep.nested.property('[0].metadata', {
      ...metadata,
      score: 0.5,
      doc_uri: 's3://hive/bees.pdf',
    });
  });

  it('has an image that it looks up, which is no text of a query', async () => {
    runtime.answer({ body: { retrievalResults: [] } });
    const image = { format: 'jpeg' as const, inlineContent: Buffer.from('a bee') };
    await retrieve({ ...INPUT, retrievalQuery: { type: 'IMAGE', image } });
    const [span] = runtime.tracing.spans();
    expect(span?.attributes).to.not.have.any.keys('gen_ai.retrieval.query.text');
    expect(json(span!, 'gen_ai.input.messages')).to.deep.equal([
      {
        role: 'user',
        parts: [
          { type: 'blob', modality: 'image', mime_type: 'image/jpeg', content: image.inlineContent.toString('base64') },
        ],
      },
    ]);
  });

  const recordings = readAgentRuntimeRecordings(['Retrieve']);
  for (const recording of recordings ?? []) {
    it(`reads ${recording.id} and leaves its answer as it is`, async () => {
      const input = {
        ...recording.request.body,
        knowledgeBaseId: recording.request.path.split('/')[2],
      } as RetrieveCommandInput;
      runtime.answer(replayed(recording));
      const traced = await outcomeOf(() => retrieve(input));
      const [span] = runtime.tracing.spans();
      runtime.tracing.instrumentation.disable();
      expect(traced).to.deep.equal(await outcomeOf(() => retrieve(input)));
      expect(span?.name).to.equal(`retrieval ${input.knowledgeBaseId}`);
      const { expected } = recording;
      if (expected.error) expect(span?.attributes).to.include.keys('error.type');
      const documents = (json(span!, 'gen_ai.retrieval.documents') ?? []) as { id?: string; score?: number }[];
      expect(documents).to.have.length(expected.retrieved_references);
      expect(documents.map(({ score }) => score ?? null)).to.deep.equal(expected.retrieval?.scores ?? []);
    });
  }
  if (!recordings) it('reads the recordings beside the repository');
});
