import {
  AgenticRetrieveStreamCommand,
  type BedrockAgentRuntimeClient,
  CheckIngestedDocumentAclCommand,
  GenerateQueryCommand,
  GetDocumentContentCommand,
  OptimizePromptCommand,
  RerankCommand,
  RetrieveAndGenerateCommand,
  type RetrieveAndGenerateConfiguration,
  RetrieveAndGenerateStreamCommand,
  RetrieveCommand,
} from '@aws-sdk/client-bedrock-agent-runtime';
import { expect } from 'chai';
import { agentClient } from './agent-support.js';
import { closeAll, collect, failure, HTTP_VERSIONS, simulator } from './support.js';

const END = '(Scripted by the local Bedrock simulator; no model ran.)';
const QUESTION = 'How long is the warranty of tents?';
const QUOTE = 'Tents and rucksacks have a warranty of 10 years.';
const CONFIGURATION: RetrieveAndGenerateConfiguration = {
  type: 'KNOWLEDGE_BASE',
  knowledgeBaseConfiguration: { knowledgeBaseId: 'SHOPKB0001', modelArn: 'anthropic.claude-3-haiku-20240307-v1:0' },
};

async function start(): Promise<BedrockAgentRuntimeClient> {
  return agentClient((await simulator()).url);
}

describe('a knowledge base', () => {
  afterEach(closeAll);

  for (const version of HTTP_VERSIONS) {
    it(`finds the documents that share the most words with the query over HTTP/${version}`, async () => {
      const bedrock = agentClient((await simulator()).url, version);
      const retrievalQuery = { text: QUESTION };
      const vectorSearchConfiguration = { numberOfResults: 2 };
      const { retrievalResults, guardrailAction } = await bedrock.send(
        new RetrieveCommand({
          knowledgeBaseId: 'KB',
          retrievalQuery,
          retrievalConfiguration: { vectorSearchConfiguration },
        }),
      );
      expect(guardrailAction).to.equal(undefined);
      expect(retrievalResults).to.have.length(2);
      expect(retrievalResults?.[0]).to.deep.include({
        score: 0.6667,
        location: { type: 'S3', s3Location: { uri: 's3://example-shop/warranty.txt' } },
        metadata: {
          'x-amz-bedrock-kb-source-uri': 's3://example-shop/warranty.txt',
          'x-amz-bedrock-kb-data-source-id': 'SHOPDOCS01',
          title: 'Warranty',
        },
      });
    });
  }

  it('answers with citations whose spans are in the answer', async () => {
    const input = { text: QUESTION };
    const answer = await (await start()).send(
      new RetrieveAndGenerateCommand({ input, retrieveAndGenerateConfiguration: CONFIGURATION }),
    );
    expect(answer.output?.text).to.equal(`${QUOTE} ${END}`);
    expect(answer.sessionId).to.match(/^[\da-f]{8}-/);
    const [quoted, note] = answer.citations ?? [];
    expect(quoted?.generatedResponsePart?.textResponsePart).to.deep.equal({
      text: QUOTE,
      span: { start: 0, end: QUOTE.length - 1 },
    });
    expect(quoted?.retrievedReferences?.[0]?.metadata?.['title']).to.equal('Warranty');
    expect(note?.retrievedReferences).to.deep.equal([]);
  });

  it('streams the same answer, and each citation after its text', async () => {
    const input = { text: QUESTION };
    const { stream, sessionId } = await (await start()).send(
      new RetrieveAndGenerateStreamCommand({
        input,
        retrieveAndGenerateConfiguration: CONFIGURATION,
        sessionId: 'session-7',
      }),
    );
    const events = await collect(stream);
    expect(sessionId).to.equal('session-7');
    expect(events.map(({ output }) => output?.text ?? '').join('')).to.equal(`${QUOTE} ${END}`);
    const first = events.findIndex(({ citation }) => citation);
    const before = events.slice(0, first).map(({ output }) => output?.text ?? '');
    expect(before.join('')).to.equal(QUOTE);
    expect(events[first]?.citation?.citation?.generatedResponsePart).to.deep.equal(
      events[first]?.citation?.generatedResponsePart,
    );
  });

  it('answers from the text in the request', async () => {
    const data = Buffer.from('The museum opens at ten. It closes at six.');
    const sources = [
      {
        sourceType: 'BYTE_CONTENT' as const,
        byteContent: { identifier: 'hours.txt', contentType: 'text/plain', data },
      },
    ];
    const answer = await (await start()).send(
      new RetrieveAndGenerateCommand({
        input: { text: 'When does the museum open?' },
        retrieveAndGenerateConfiguration: {
          type: 'EXTERNAL_SOURCES',
          externalSourcesConfiguration: { modelArn: 'm', sources },
        },
      }),
    );
    expect(answer.output?.text).to.equal(`The museum opens at ten. ${END}`);
  });

  it('finds no answer to a question without a common word', async () => {
    const answer = await (await start()).send(
      new RetrieveAndGenerateCommand({
        input: { text: 'Xylophone?' },
        retrieveAndGenerateConfiguration: CONFIGURATION,
      }),
    );
    expect(answer.output?.text).to.equal(`Sorry, I am unable to assist you with this request. ${END}`);
    expect(answer.citations?.[0]?.retrievedReferences).to.deep.equal([]);
  });

  it('is guarded if the request has a guardrail', async () => {
    const bedrock = await start();
    const guardrailConfiguration = { guardrailId: 'guard', guardrailVersion: '1' };
    const retrieved = await bedrock.send(
      new RetrieveCommand({
        knowledgeBaseId: 'KB',
        retrievalQuery: { text: 'forbidden' },
        guardrailConfiguration,
      }),
    );
    expect([retrieved.guardrailAction, retrieved.retrievalResults]).to.deep.equal(['INTERVENED', []]);
    const { stream } = await bedrock.send(
      new RetrieveAndGenerateStreamCommand({
        input: { text: 'A forbidden question' },
        retrieveAndGenerateConfiguration: {
          type: 'KNOWLEDGE_BASE',
          knowledgeBaseConfiguration: {
            knowledgeBaseId: 'KB',
            modelArn: 'm',
            generationConfiguration: { guardrailConfiguration },
          },
        },
      }),
    );
    const [first, ...rest] = await collect(stream);
    expect(first?.guardrail?.action).to.equal('INTERVENED');
    expect(rest.map(({ output }) => output?.text ?? '').join('')).to.equal(
      'Sorry, the model cannot answer this question.',
    );
  });

  it('fails, throttles and cuts like the other operations', async () => {
    const running = await simulator();
    const input = { input: { text: QUESTION }, retrieveAndGenerateConfiguration: CONFIGURATION };
    const throttled = agentClient(running.endpoint({ scenario: 'throttling', parameters: { times: 1 } }), '2.0', {
      maxAttempts: 2,
    });
    const answer = await throttled.send(new RetrieveAndGenerateCommand(input));
    expect(answer.$metadata.attempts).to.equal(2);
    const broken = agentClient(running.endpoint({ scenario: 'mid-stream-error', parameters: { after: 2 } }));
    const { stream } = await broken.send(new RetrieveAndGenerateStreamCommand(input));
    expect((await failure(collect(stream))).name).to.equal('DependencyFailedException');
    const gateway = agentClient(running.endpoint({ scenario: 'error', parameters: { type: 'BadGatewayException' } }));
    expect((await failure(gateway.send(new RetrieveAndGenerateCommand(input)))).$metadata?.httpStatusCode).to.equal(
      502,
    );
  });
});

describe('the agent runtime', () => {
  afterEach(closeAll);

  it('ranks documents of text and JSON', async () => {
    const { results } = await (await start()).send(
      new RerankCommand({
        queries: [{ type: 'TEXT', textQuery: { text: 'capital city of France' } }],
        sources: [
          { type: 'INLINE', inlineDocumentSource: { type: 'TEXT', textDocument: { text: 'Rivers of Germany' } } },
          { type: 'INLINE', inlineDocumentSource: { type: 'JSON', jsonDocument: { capital: 'Paris', of: 'France' } } },
        ],
        rerankingConfiguration: {
          type: 'BEDROCK_RERANKING_MODEL',
          bedrockRerankingConfiguration: { modelConfiguration: { modelArn: 'm' }, numberOfResults: 1 },
        },
      }),
    );
    expect(results).to.deep.equal([{ index: 1, relevanceScore: 0.6667 }]);
  });

  it('writes SQL for a question', async () => {
    const { queries } = await (await start()).send(
      new GenerateQueryCommand({
        queryGenerationInput: { type: 'TEXT', text: 'Orders with boots' },
        transformationConfiguration: { mode: 'TEXT_TO_SQL' },
      }),
    );
    expect(queries?.[0]?.sql).to.match(/^SELECT \* FROM orders WHERE .*'%boots%';$/);
  });

  it('retrieves as an agent, with the steps and the answer', async () => {
    const { stream } = await (await start()).send(
      new AgenticRetrieveStreamCommand({
        messages: [{ role: 'user', content: { text: QUESTION } }],
        retrievers: [{ configuration: { knowledgeBase: { knowledgeBaseId: 'SHOPKB0001' } } }],
        agenticRetrieveConfiguration: {},
        generateResponse: true,
      }),
    );
    const events = await collect(stream);
    expect(events.map((event) => event.traceEvent?.attributes?.step).filter(Boolean)).to.deep.equal([
      'Planning',
      'Retrieval',
      'Retrieval',
    ]);
    expect(events.map(({ responseEvent }) => responseEvent?.text ?? '').join('')).to.equal(`${QUOTE} ${END}`);
    const { result } = events.at(-1) ?? {};
    expect(result?.results?.[0]?.sourceRetriever?.identifier).to.equal('SHOPKB0001');
    expect(result?.generatedResponse?.citations).to.deep.equal([
      { startIndex: 0, endIndex: QUOTE.length, references: [{ resultIndex: 0 }] },
    ]);
  });

  it('optimizes a prompt', async () => {
    const { optimizedPrompt } = await (await start()).send(
      new OptimizePromptCommand({ input: { textPrompt: { text: 'Sum up.' } }, targetModelId: 'm' }),
    );
    const [analysis, result] = await collect(optimizedPrompt);
    expect(analysis?.analyzePromptEvent?.message).to.be.a('string');
    expect(result?.optimizedPromptEvent?.optimizedPrompt?.textPrompt?.text).to.match(/^## Task\nSum up\./);
  });

  it('has the contents and the rights of documents', async () => {
    const bedrock = await start();
    const document = { knowledgeBaseId: 'KB', dataSourceId: 'DS', documentId: 'returns' };
    const content = await bedrock.send(new GetDocumentContentCommand(document));
    expect([content.mimeType, content.presignedUrl]).to.deep.equal(['text/plain', 'https://example.com/returns.txt']);
    const access = await bedrock.send(
      new CheckIngestedDocumentAclCommand({ ...document, userContext: { userId: 'u' } }),
    );
    expect(access.hasAccess).to.equal(true);
  });
});
