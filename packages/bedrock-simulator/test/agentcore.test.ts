import {
  BatchCreateMemoryRecordsCommand,
  BatchDeleteMemoryRecordsCommand,
  BatchUpdateMemoryRecordsCommand,
  BedrockAgentCoreClient,
  CreateEventCommand,
  DeleteEventCommand,
  DeleteMemoryRecordCommand,
  GetCodeInterpreterSessionCommand,
  GetEventCommand,
  GetMemoryRecordCommand,
  InvokeAgentRuntimeCommand,
  InvokeAgentRuntimeCommandCommand,
  InvokeBrowserCommand,
  InvokeCodeInterpreterCommand,
  InvokeHarnessCommand,
  type InvokeHarnessCommandInput,
  type InvokeHarnessStreamOutput,
  ListActorsCommand,
  ListEventsCommand,
  ListMemoryRecordsCommand,
  RetrieveMemoryRecordsCommand,
  StartBrowserSessionCommand,
  StartCodeInterpreterSessionCommand,
  StopCodeInterpreterSessionCommand,
} from '@aws-sdk/client-bedrock-agentcore';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { expect } from 'chai';
import { closeAll, collect, HTTP_VERSIONS, type HttpVersion, keepForClosing, simulator } from './support.js';

const RUNTIME = 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/bee_keeper-a1B2c3D4e5';
const HARNESS = 'arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/bee_harness-a1B2c3D4e5';
const SESSION = 'session-of-the-bees-0000000000000001';
const AT = new Date('2026-02-03T04:05:06Z');

function agentCoreClient(endpoint: string, version: HttpVersion = '2.0'): BedrockAgentCoreClient {
  const client = new BedrockAgentCoreClient({
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    ...(version === '1.1' ? { requestHandler: new NodeHttpHandler() } : {}),
  });
  return keepForClosing(client);
}

const textOf = (events: readonly InvokeHarnessStreamOutput[]): string =>
  events.map((event) => event.contentBlockDelta?.delta?.text ?? '').join('');

describe('AgentCore', () => {
  afterEach(closeAll);

  it('answers agents in runtimes, as JSON and as server-sent events', async () => {
    const { url } = await simulator();
    for (const version of HTTP_VERSIONS) {
      const client = agentCoreClient(url, version);
      const invoke = async (accept: string): Promise<{ text: string; type: string | undefined }> => {
        const output = await client.send(
          new InvokeAgentRuntimeCommand({
            agentRuntimeArn: RUNTIME,
            runtimeSessionId: SESSION,
            accept,
            payload: JSON.stringify({ prompt: 'What is the capital of Kenya?' }),
          }),
        );
        expect(output.runtimeSessionId).to.equal(SESSION);
        return { text: await output.response!.transformToString(), type: output.contentType };
      };
      const { text, type } = await invoke('application/json');
      expect(type).to.equal('application/json');
      expect(JSON.parse(text).result).to.include('The capital of Kenya is Nairobi.');
      const streamed = await invoke('text/event-stream');
      expect(streamed.type).to.equal('text/event-stream');
      const events = streamed.text.split('\n\n').filter((event) => event !== '');
      expect(events.map((event) => JSON.parse(event.replace('data: ', ''))).join('')).to.equal(JSON.parse(text).result);
    }
  });

  it('answers harnesses, and calls the functions of the application', async () => {
    const client = agentCoreClient((await simulator()).url);
    const invoke = async (input: Partial<InvokeHarnessCommandInput>): Promise<InvokeHarnessStreamOutput[]> => {
      const messages = [{ role: 'user' as const, content: [{ text: 'What is the weather in Oslo?' }] }];
      const base = { harnessArn: HARNESS, runtimeSessionId: SESSION, messages };
      return collect((await client.send(new InvokeHarnessCommand({ ...base, ...input }))).stream);
    };
    const plain = await invoke({});
    expect(textOf(plain)).to.include('What is the weather in Oslo?');
    expect(plain.at(-1)?.metadata?.usage?.outputTokens).to.be.greaterThan(0);
    expect(plain.at(-2)?.messageStop?.stopReason).to.equal('end_turn');

    const inputSchema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const weather = {
      type: 'inline_function' as const,
      name: 'get_weather',
      config: { inlineFunction: { description: 'Weather.', inputSchema } },
    };
    const called = await invoke({ tools: [weather, { type: 'agentcore_browser' }] });
    const [start] = called.flatMap((event) => event.contentBlockStart?.start?.toolUse ?? []);
    expect(start?.name).to.equal('get_weather');
    expect(called.at(-2)?.messageStop?.stopReason).to.equal('tool_use');
  });

  it('fails in mid-stream as the service does', async () => {
    const running = await simulator();
    const client = agentCoreClient(running.endpoint({ scenario: 'mid-stream-error' }));
    const messages = [{ role: 'user' as const, content: [{ text: 'Hi' }] }];
    const { stream } = await client.send(
      new InvokeHarnessCommand({ harnessArn: HARNESS, runtimeSessionId: SESSION, messages }),
    );
    const error = await collect(stream).catch((thrown: Error) => thrown);
    expect(error).to.have.property('name', 'RuntimeClientError');
  });

  it('plays code interpreters, browsers and commands', async () => {
    const client = agentCoreClient((await simulator()).url);
    const codeInterpreterIdentifier = 'aws.codeinterpreter.v1';
    const { sessionId } = await client.send(new StartCodeInterpreterSessionCommand({ codeInterpreterIdentifier }));
    const run = async (code: string) => {
      const { stream, sessionId: answered } = await client.send(
        new InvokeCodeInterpreterCommand({
          codeInterpreterIdentifier,
          sessionId,
          name: 'executeCode',
          arguments: { code, language: 'python' },
        }),
      );
      expect(answered).to.equal(sessionId);
      return (await collect(stream))[0]?.result;
    };
    expect(await run('print(6 * 7)')).to.deep.nested.include({ 'structuredContent.stdout': '42\n', isError: false });
    expect(await run('raise Exception')).to.deep.nested.include({ 'structuredContent.exitCode': 1, isError: true });
    const get = new GetCodeInterpreterSessionCommand({ codeInterpreterIdentifier, sessionId });
    expect((await client.send(get)).status).to.equal('READY');
    await client.send(new StopCodeInterpreterSessionCommand({ codeInterpreterIdentifier, sessionId }));
    expect((await client.send(get)).status).to.equal('TERMINATED');

    const browserIdentifier = 'aws.browser.v1';
    const browser = await client.send(new StartBrowserSessionCommand({ browserIdentifier }));
    const clicked = await client.send(
      new InvokeBrowserCommand({
        browserIdentifier,
        sessionId: browser.sessionId,
        action: { mouseClick: { x: 1, y: 2 } },
      }),
    );
    expect(clicked.result?.mouseClick?.status).to.equal('SUCCESS');

    const { stream } = await client.send(
      new InvokeAgentRuntimeCommandCommand({ agentRuntimeArn: RUNTIME, body: { command: 'ls' } }),
    );
    const chunks = (await collect(stream)).map((event) => event.chunk);
    expect(chunks.map((chunk) => Object.keys(chunk ?? {})[0])).to.deep.equal([
      'contentStart',
      'contentDelta',
      'contentStop',
    ]);
  });

  it('keeps the events of sessions', async () => {
    const client = agentCoreClient((await simulator()).url);
    const session = { memoryId: 'memory-1', actorId: 'keeper', sessionId: 'S1' };
    const payload = [{ conversational: { content: { text: 'When do bees swarm?' }, role: 'USER' as const } }];
    const { event } = await client.send(new CreateEventCommand({ ...session, eventTimestamp: AT, payload }));
    expect(event).to.deep.include({ ...session, eventTimestamp: AT, payload });
    const got = await client.send(new GetEventCommand({ ...session, eventId: event?.eventId }));
    expect(got.event).to.deep.equal(event);
    expect((await client.send(new ListEventsCommand(session))).events).to.deep.equal([event]);
    const other = await client.send(new ListEventsCommand({ ...session, sessionId: 'S2' }));
    expect(other.events).to.deep.equal([]);
    const { actorSummaries } = await client.send(new ListActorsCommand({ memoryId: 'memory-1' }));
    expect(actorSummaries).to.deep.equal([{ actorId: 'keeper' }]);
    const command = new DeleteEventCommand({ ...session, eventId: event?.eventId });
    expect((await client.send(command)).eventId).to.equal(event?.eventId);
    const error = await client.send(command).catch((thrown: Error) => thrown);
    expect(error).to.have.property('name', 'ResourceNotFoundException');
  });

  it('keeps records, and finds them by the words of a query', async () => {
    const client = agentCoreClient((await simulator()).url);
    const memoryId = 'memory-1';
    const texts = ['Hive 7 swarms in May.', 'Hive 8 is calm.', 'Wax is sold in June.'];
    const { successfulRecords } = await client.send(
      new BatchCreateMemoryRecordsCommand({
        memoryId,
        records: texts.map((text, index) => ({
          requestIdentifier: `r${index}`,
          namespaces: ['/bees'],
          content: { text },
          timestamp: AT,
        })),
      }),
    );
    const [first, second] = successfulRecords!.map((record) => record.memoryRecordId!);
    const search = async (searchQuery: string) => {
      const output = await client.send(
        new RetrieveMemoryRecordsCommand({ memoryId, namespace: '/bees', searchCriteria: { searchQuery, topK: 2 } }),
      );
      return output.memoryRecordSummaries!.map((record) => [record.content?.text, record.score]);
    };
    expect(await search('hive 7 swarms')).to.deep.equal([
      ['Hive 7 swarms in May.', 1],
      ['Hive 8 is calm.', 0.5],
    ]);
    await client.send(
      new BatchUpdateMemoryRecordsCommand({
        memoryId,
        records: [{ memoryRecordId: first, timestamp: AT, content: { text: 'Hive 7 swarmed.' } }],
      }),
    );
    const { memoryRecord } = await client.send(new GetMemoryRecordCommand({ memoryId, memoryRecordId: first }));
    expect(memoryRecord).to.deep.include({ content: { text: 'Hive 7 swarmed.' }, namespaces: ['/bees'] });
    const deleted = await client.send(
      new BatchDeleteMemoryRecordsCommand({
        memoryId,
        records: [{ memoryRecordId: second }, { memoryRecordId: 'no' }],
      }),
    );
    expect([deleted.successfulRecords?.length, deleted.failedRecords?.length]).to.deep.equal([1, 1]);
    await client.send(new DeleteMemoryRecordCommand({ memoryId, memoryRecordId: first }));
    const { memoryRecordSummaries } = await client.send(new ListMemoryRecordsCommand({ memoryId, namespace: '/bees' }));
    expect(memoryRecordSummaries?.map((record) => record.content?.text)).to.deep.equal(['Wax is sold in June.']);
  });
});
