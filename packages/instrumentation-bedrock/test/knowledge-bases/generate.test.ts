/** RetrieveAndGenerate and its stream: answers from a knowledge base, with citations. */

import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import {
  RetrieveAndGenerateCommand,
  type RetrieveAndGenerateCommandInput,
  RetrieveAndGenerateStreamCommand,
} from '@aws-sdk/client-bedrock-agent-runtime';
import { encodeEvent, type StreamEvent } from 'bedrock-simulator';
import { expect } from 'chai';
import {
  type AgentRuntime,
  type AgentRuntimeRecording,
  beforeEachAgentRuntimeTest,
  createAgentRuntimeClient,
  outcomeOf,
  readAgentRuntimeRecordings,
  replayed,
} from '../support/knowledge-base.js';
import { json } from '../support/tracing.js';

const MODEL = 'arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0';

const INPUT: RetrieveAndGenerateCommandInput = {
  sessionId: 'session-1',
  input: { text: 'When do bees swarm?' },
  retrieveAndGenerateConfiguration: {
    type: 'KNOWLEDGE_BASE',
    knowledgeBaseConfiguration: {
      knowledgeBaseId: 'KBBEES0001',
      modelArn: MODEL,
      retrievalConfiguration: { vectorSearchConfiguration: { numberOfResults: 3 } },
      generationConfiguration: {
        promptTemplate: { textPromptTemplate: 'Answer from $search_results$ only.' },
        inferenceConfig: {
          textInferenceConfig: { temperature: 0.25, topP: 0.5, maxTokens: 300, stopSequences: ['STOP'] },
        },
        additionalModelRequestFields: { top_k: 20 },
        guardrailConfiguration: { guardrailId: 'gr1', guardrailVersion: '2' },
        performanceConfig: { latency: 'optimized' },
      },
    },
  },
};

const CITATION = {
  generatedResponsePart: { textResponsePart: { text: 'Bees swarm in May.', span: { start: 0, end: 18 } } },
  retrievedReferences: [
    {
      content: { type: 'TEXT', text: 'Swarms leave the hive in May.' },
      location: { type: 'S3', s3Location: { uri: 's3://hive/bees.pdf' } },
      metadata: { 'x-amz-bedrock-kb-chunk-id': 'chunk-7' },
    },
  ],
};

const ANSWER = {
  sessionId: 'session-1',
  output: { text: 'Bees swarm in May.' },
  citations: [CITATION],
  guardrailAction: 'NONE',
};

const OUTPUT_MESSAGE = {
  role: 'assistant',
  parts: [
    { type: 'text', content: 'Bees swarm in May.' },
    { type: 'citations', content: [CITATION] },
  ],
  finish_reason: 'stop',
};

const output = (text: string): StreamEvent => ({ type: 'output', payload: { text } });
const STREAM: readonly StreamEvent[] = [
  output('Bees swarm '),
  output('in May.'),
  { type: 'citation', payload: { citation: CITATION, ...CITATION } },
  { type: 'guardrail', payload: { action: 'NONE' } },
];

describe('RetrieveAndGenerate', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });
  const generate = (input = INPUT) => runtime.client.send(new RetrieveAndGenerateCommand(input));
  const span = () => runtime.tracing.spans()[0]!;

  it('is a chat span with model, session, knowledge base and parameters', async () => {
    runtime.answer({ body: ANSWER });
    await generate();
    expect(span().name).to.equal(`chat ${MODEL}`);
    expect(span().attributes).to.deep.include({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': MODEL,
      'gen_ai.conversation.id': 'session-1',
      'gen_ai.data_source.id': 'KBBEES0001',
      'aws.bedrock.knowledge_base.id': 'KBBEES0001',
      'gen_ai.retrieval.top_k': 3,
      'gen_ai.request.temperature': 0.25,
      'gen_ai.request.top_p': 0.5,
      'gen_ai.request.top_k': 20,
      'gen_ai.request.max_tokens': 300,
      'gen_ai.request.stop_sequences': ['STOP'],
      'aws.bedrock.guardrail.id': 'gr1',
      'aws.bedrock.guardrail.version': '2',
      'aws.bedrock.guardrail.action': 'NONE',
      'aws.bedrock.request.performance_config.latency': 'optimized',
      'mlflow.spanType': 'CHAT_MODEL',
      'mlflow.message.format': 'bedrock',
    });
    expect(span().attributes).to.not.have.any.keys('gen_ai.usage.input_tokens', 'mlflow.chat.tokenUsage');
  });

  it('has question, prompt template, answer, citations and documents', async () => {
    runtime.answer({ body: ANSWER });
    await generate();
    expect(json(span(), 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'When do bees swarm?' }] },
    ]);
    expect(json(span(), 'gen_ai.system_instructions')).to.deep.equal([
      { type: 'text', content: 'Answer from $search_results$ only.' },
    ]);
    expect(json(span(), 'gen_ai.output.messages')).to.deep.equal([OUTPUT_MESSAGE]);
    expect(span().attributes['gen_ai.retrieval.query.text']).to.equal('When do bees swarm?');
    expect(json(span(), 'gen_ai.retrieval.documents')).to.deep.equal([
      {
        id: 'chunk-7',
        type: 'TEXT',
        content: 'Swarms leave the hive in May.',
        uri: 's3://hive/bees.pdf',
        location: CITATION.retrievedReferences[0]?.location,
        metadata: CITATION.retrievedReferences[0]?.metadata,
      },
    ]);
  });

  it('shows MLflow the messages that its chat view parses, beside all the rest', async () => {
    runtime.answer({ body: ANSWER });
    await generate();
    expect(json(span(), 'mlflow.spanInputs')).to.deep.equal({
      ...INPUT,
      messages: [{ role: 'user', content: [{ text: 'When do bees swarm?' }] }],
    });
    const { $metadata, ...shown } = json(span(), 'mlflow.spanOutputs') as Record<string, unknown>;
    expect(shown).to.deep.equal({
      ...ANSWER,
      output: { ...ANSWER.output, message: { role: 'assistant', content: [{ text: 'Bees swarm in May.' }] } },
    });
  });

  it('has the session that the service has begun', async () => {
    runtime.answer({ body: { ...ANSWER, sessionId: 'begun-by-service' } });
    const { sessionId: _unset, ...input } = INPUT;
    await generate(input);
    expect(span().attributes['gen_ai.conversation.id']).to.equal('begun-by-service');
  });

  it('ends the answer of a guardrail as filtered', async () => {
    runtime.answer({ body: { ...ANSWER, guardrailAction: 'INTERVENED', citations: [] } });
    await generate();
    expect(span().attributes['aws.bedrock.guardrail.action']).to.equal('GUARDRAIL_INTERVENED');
    expect(json(span(), 'gen_ai.output.messages')).to.have.nested.property('[0].finish_reason', 'content_filter');
  });

  it('has external sources as documents and leaves out those that are too large', async () => {
    await runtime.trace({ config: { maxMediaBytes: 8 } });
    runtime.answer({ body: ANSWER });
    const bytes = (name: string, data: string) => ({
      sourceType: 'BYTE_CONTENT' as const,
      byteContent: { identifier: name, contentType: 'text/plain', data: Buffer.from(data) },
    });
    await generate({
      input: { text: 'When?' },
      retrieveAndGenerateConfiguration: {
        type: 'EXTERNAL_SOURCES',
        externalSourcesConfiguration: {
          modelArn: MODEL,
          sources: [
            { sourceType: 'S3', s3Location: { uri: 's3://hive/bees.pdf' } },
            bytes('short.txt', 'May'),
            { sourceType: 'BYTE_CONTENT', byteContent: { contentType: 'text/csv', data: Buffer.from('5') } as never },
            { sourceType: 'WEB' as 'S3' },
            bytes('long.txt', 'Swarms leave in May.'),
          ],
        },
      },
    });
    expect(json(span(), 'gen_ai.input.messages')).to.deep.equal([
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'When?' },
          { type: 'uri', modality: 'document', uri: 's3://hive/bees.pdf' },
          { type: 'blob', modality: 'document', mime_type: 'text/plain', content: 'TWF5', name: 'short.txt' },
          { type: 'blob', modality: 'document', mime_type: 'text/csv', content: 'NQ==' },
          {
            type: 'blob',
            modality: 'document',
            mime_type: 'text/plain',
            content: '[20 bytes not recorded]',
            name: 'long.txt',
          },
        ],
      },
    ]);
    expect(span().attributes).to.not.have.any.keys(
      'gen_ai.data_source.id',
      'aws.bedrock.knowledge_base.id',
      'gen_ai.retrieval.query.text',
    );
  });
});

describe('RetrieveAndGenerateStream', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });
  const HEADERS = { 'x-amzn-bedrock-knowledge-base-session-id': 'begun-by-service' };
  const open = (abortSignal?: AbortSignal) =>
    runtime.client.send(new RetrieveAndGenerateStreamCommand(INPUT), abortSignal && { abortSignal });
  const read = async () => {
    const texts: string[] = [];
    for await (const event of (await open()).stream ?? []) if (event.output) texts.push(event.output.text ?? '');
    return texts.join('');
  };
  const span = () => runtime.tracing.spans()[0]!;

  it('adds up to the answer without streaming and counts citations once', async () => {
    runtime.answer({ headers: HEADERS, events: STREAM });
    await read();
    expect(span().name).to.equal(`chat ${MODEL}`);
    expect(span().attributes).to.include({
      'gen_ai.request.stream': true,
      'gen_ai.conversation.id': 'begun-by-service',
      'aws.bedrock.guardrail.action': 'NONE',
    });
    expect(span().attributes).to.include.keys('gen_ai.response.time_to_first_chunk');
    expect(json(span(), 'gen_ai.output.messages')).to.deep.equal([OUTPUT_MESSAGE]);
    expect(json(span(), 'gen_ai.retrieval.documents')).to.have.length(1);
    expect(json(span(), 'mlflow.spanOutputs')).to.deep.equal({
      sessionId: 'begun-by-service',
      output: {
        text: 'Bees swarm in May.',
        message: { role: 'assistant', content: [{ text: 'Bees swarm in May.' }] },
      },
      citations: [CITATION],
      guardrailAction: 'NONE',
    });
  });

  it('counts a citation of the older form, which has no member of its own', async () => {
    runtime.answer({ events: [output('Bees swarm in May.'), { type: 'citation', payload: CITATION }] });
    await read();
    expect(json(span(), 'gen_ai.output.messages')).to.deep.equal([OUTPUT_MESSAGE]);
  });

  it('fails if the stream ends without an answer', async () => {
    runtime.answer({ events: [] });
    await read();
    expect(span().attributes['error.type']).to.equal('incomplete_stream');
  });

  const verdict = (action: string): StreamEvent => ({ type: 'guardrail', payload: { action } });

  it('is filtered if a guardrail has intervened in any part of the answer', async () => {
    runtime.answer({ events: [verdict('NONE'), output('Bees'), verdict('INTERVENED'), output('…'), verdict('NONE')] });
    await read();
    expect(span().attributes['aws.bedrock.guardrail.action']).to.equal('GUARDRAIL_INTERVENED');
    expect(json(span(), 'gen_ai.output.messages')).to.have.nested.property('[0].finish_reason', 'content_filter');
  });

  it('is complete without a text only if a guardrail has intervened', async () => {
    for (const action of ['INTERVENED', 'NONE']) {
      runtime.answer({ events: [verdict(action)] });
      await read();
    }
    const errors = runtime.tracing.spans().map(({ attributes }) => attributes['error.type']);
    expect(errors).to.deep.equal([undefined, 'incomplete_stream']);
  });

  it('has no output if nothing of the answer has arrived', async () => {
    runtime.answer({ headers: HEADERS, events: [] });
    await read();
    expect(span().attributes).to.include({ 'gen_ai.conversation.id': 'begun-by-service' });
    expect(span().attributes).to.not.have.any.keys('mlflow.spanOutputs', 'gen_ai.output.messages');
  });

  it('fails if the connection is lost, although the SDK ends the stream without an error', async () => {
    const server = createServer().listen(0);
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/vnd.amazon.eventstream' });
      stream.write(encodeEvent(output('Bees ')));
    });
    await once(server, 'listening');
    const client = createAgentRuntimeClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const connected = once(server, 'session');
    const { stream = [] } = await client.send(new RetrieveAndGenerateStreamCommand(INPUT));
    const [session] = await connected;
    for await (const _event of stream) session.destroy();
    client.destroy();
    server.close();
    expect(span().attributes['error.type']).to.equal('incomplete_stream');
    expect(json(span(), 'gen_ai.output.messages')).to.have.nested.property('[0].finish_reason', 'error');
  });

  it('fails with the error that arrives in the stream, and keeps what came before', async () => {
    const exception = { type: 'throttlingException', messageType: 'exception' as const, payload: { message: 'Slow' } };
    runtime.answer({ events: [output('Bees '), exception] });
    const outcome = await read().catch((error: Error) => error.name);
    expect(outcome).to.equal('ThrottlingException');
    expect(span().attributes['error.type']).to.equal('ThrottlingException');
    expect(json(span(), 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'Bees ' }], finish_reason: 'error' },
    ]);
  });

  it('ends without failure, and with an unfinished answer, when the application stops reading', async () => {
    runtime.answer({ events: STREAM });
    for await (const event of (await open()).stream ?? []) if (event.output) break;
    expect(span().attributes).to.not.have.any.keys('error.type');
    expect(json(span(), 'gen_ai.output.messages')).to.have.nested.property('[0].finish_reason', 'error');
  });

  it('fails when the application aborts, although the SDK ends the stream without an error', async () => {
    const controller = new AbortController();
    async function* events(): AsyncGenerator<Uint8Array> {
      yield encodeEvent(output('Bees '));
      await new Promise<void>((resolve) => controller.signal.addEventListener('abort', () => resolve()));
    }
    runtime.answer({ events: events(), ending: 'reset' });
    await (async () => {
      for await (const _event of (await open(controller.signal)).stream ?? []) controller.abort();
    })().catch(() => undefined);
    expect(span().attributes['error.type']).to.equal('AbortError');
  });

  it('keeps an answer of any length within maxRecordLength', async () => {
    await runtime.trace({ config: { maxRecordLength: 4000 } });
    runtime.answer({ events: [...Array.from({ length: 500 }, () => output('Bees swarm in May. ')), ...STREAM] });
    await read();
    const length = Object.values(span().attributes).reduce<number>((sum, value) => sum + String(value).length, 0);
    expect(length).to.be.below(6000);
    expect(span().attributes['mlflow.spanOutputs']).to.include('not recorded');
    expect(span().attributes['aws.bedrock.guardrail.action']).to.equal('NONE');
  });

  it('shows chunks as span events if they are asked for', async () => {
    await runtime.trace({ config: { recordStreamEvents: true } });
    runtime.answer({ events: STREAM });
    await read();
    expect(span().events.map(({ name }) => name)).to.deep.equal(['output', 'output', 'citation', 'guardrail']);
  });
});

describe('recordings of RetrieveAndGenerate', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });
  const recordings = readAgentRuntimeRecordings(['RetrieveAndGenerate', 'RetrieveAndGenerateStream']);

  /** All that the application sees. */
  async function call({ operation, request }: AgentRuntimeRecording): Promise<unknown> {
    const input = request.body as unknown as RetrieveAndGenerateCommandInput;
    const isStream = operation === 'RetrieveAndGenerateStream';
    return outcomeOf(() =>
      isStream
        ? runtime.client.send(new RetrieveAndGenerateStreamCommand(input))
        : runtime.client.send(new RetrieveAndGenerateCommand(input)),
    );
  }

  for (const recording of recordings ?? []) {
    it(`reads ${recording.id} and leaves its answer as it is`, async () => {
      runtime.answer(replayed(recording));
      const traced = await call(recording);
      const [span] = runtime.tracing.spans();
      runtime.tracing.instrumentation.disable();
      expect(traced).to.deep.equal(await call(recording));
      const { text, citations, retrieved_references: references, guardrail_action: action, error } = recording.expected;
      const [message] = (json(span!, 'gen_ai.output.messages') ?? []) as [
        { parts: { type: string; content: unknown }[] }?,
      ];
      const parts = message?.parts ?? [];
      expect(parts.find(({ type }) => type === 'text')?.content ?? null).to.equal(text);
      const cited = parts.find(({ type }) => type === 'citations')?.content as unknown[] | undefined;
      expect(cited?.length ?? 0).to.equal(citations);
      expect((json(span!, 'gen_ai.retrieval.documents') as unknown[] | undefined)?.length ?? 0).to.equal(references);
      const served = action === 'INTERVENED' ? 'GUARDRAIL_INTERVENED' : (action ?? undefined);
      expect(span?.attributes['aws.bedrock.guardrail.action']).to.equal(served);
      expect(span?.attributes['gen_ai.conversation.id']).to.equal(recording.expected.session_id ?? undefined);
      expect(span?.attributes['error.type'] === undefined).to.equal(error === null);
    });
  }
  if (!recordings) it('reads the recordings beside the repository');
});
