import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type BedrockAgentRuntimeClient,
  InvokeAgentCommand,
  InvokeFlowCommand,
  InvokeInlineAgentCommand,
  RerankCommand,
  RetrieveAndGenerateCommand,
  RetrieveAndGenerateStreamCommand,
  RetrieveCommand,
} from '@aws-sdk/client-bedrock-agent-runtime';
import { expect } from 'chai';
import type { Exchange } from '../src/index.js';
import { agentClient } from './agent-support.js';
import { closeAll, HTTP_VERSIONS, type Json, simulator } from './support.js';

/** Recordings of the service. They are next to the repository if they are available. */
const FIXTURES = fileURLToPath(new URL('../../../../shared/fixtures/agent-runtime/', import.meta.url));

interface Recording extends Exchange {
  readonly request: { readonly path: string; readonly body: Json };
  readonly expected: {
    readonly text: string | null;
    readonly event_counts: Readonly<Record<string, number>> | null;
    readonly error: { readonly type: string; readonly in_stream: boolean } | null;
  };
}

/** The member of each operation's answer that has its stream; undefined for an answer without one. */
const OPERATIONS = {
  InvokeAgent: [InvokeAgentCommand, 'completion'],
  InvokeInlineAgent: [InvokeInlineAgentCommand, 'completion'],
  InvokeFlow: [InvokeFlowCommand, 'responseStream'],
  RetrieveAndGenerateStream: [RetrieveAndGenerateStreamCommand, 'stream'],
  Retrieve: [RetrieveCommand, undefined],
  RetrieveAndGenerate: [RetrieveAndGenerateCommand, undefined],
  Rerank: [RerankCommand, undefined],
} as const;

for (const folder of ['', 'synthetic/']) {
  const directory = FIXTURES + folder;
  describe(`recordings of the agent runtime (${folder || 'recorded'})`, () => {
    if (!existsSync(directory)) {
      it(`replay through the real client (skipped: ${directory} does not exist)`, function () {
        this.skip();
      });
      return;
    }
    const recordings = readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(directory + name, 'utf8')) as Recording);
    afterEach(closeAll);

    for (const version of HTTP_VERSIONS) {
      it(`replay ${recordings.length} exchanges by their id over HTTP/${version}`, async () => {
        const running = await simulator({ exchanges: recordings });
        for (const recording of recordings)
          await check(agentClient(running.endpoint({ exchange: recording.id }), version), recording);
      });
    }

    it('replay the exchanges for the path and the body that the real client sends', async () => {
      const requests = recordings.map(({ operation, request }) => JSON.stringify([operation, request]));
      for (const [index, recording] of recordings.entries()) {
        // Some recordings have the same request. The first one answers it.
        if (requests.indexOf(requests[index] ?? '') !== index) continue;
        await check(agentClient((await simulator({ exchanges: recordings })).url), recording);
      }
    });
  });
}

async function check(client: BedrockAgentRuntimeClient, recording: Recording): Promise<void> {
  const { id, expected } = recording;
  const counts: Record<string, number> = {};
  const texts: Uint8Array[] = [];
  let error: Error | undefined;
  try {
    const { stream, body } = await send(client, recording);
    for await (const event of stream ?? []) {
      const [[type, value] = ['', {}]] = Object.entries(event as Record<string, Json>);
      counts[type] = (counts[type] ?? 0) + 1;
      if (type === 'chunk') texts.push(value['bytes'] as Uint8Array);
      if (type === 'output') texts.push(Buffer.from(String(value['text'])));
      if (type === 'flowOutputEvent') texts.push(Buffer.from(String((value['content'] as Json)['document'])));
    }
    if (body['output']) texts.push(Buffer.from(String((body['output'] as Json)['text'])));
  } catch (thrown) {
    error = thrown as Error;
  }
  const events = Object.entries(expected.event_counts ?? {}).filter(([type]) => type !== expected.error?.type);
  expect(counts, id).to.deep.equal(Object.fromEntries(events));
  expect(Buffer.concat(texts).toString('utf8'), id).to.equal(expected.text ?? '');
  if (expected.error) expect(error?.name.toLowerCase(), id).to.equal(expected.error.type.toLowerCase());
}

async function send(
  client: BedrockAgentRuntimeClient,
  { operation, request }: Recording,
): Promise<{ stream: AsyncIterable<unknown> | undefined; body: Json }> {
  const [Command, member] = OPERATIONS[operation as keyof typeof OPERATIONS];
  const input = { ...labelsOf(request.path), ...request.body };
  const AnyCommand = Command as new (value: object) => RetrieveCommand;
  const output: Json = { ...(await client.send(new AnyCommand(input))) };
  return { stream: member && (output[member] as AsyncIterable<unknown>), body: member ? {} : output };
}

/** Reads the values that the SDK puts into the path. */
function labelsOf(path: string): Json {
  const patterns = [
    /^\/agents\/(?<agentId>[^/]+)\/agentAliases\/(?<agentAliasId>[^/]+)\/sessions\/(?<sessionId>[^/]+)\/text$/,
    /^\/agents\/(?<sessionId>[^/]+)$/,
    /^\/flows\/(?<flowIdentifier>[^/]+)\/aliases\/(?<flowAliasIdentifier>[^/]+)$/,
    /^\/knowledgebases\/(?<knowledgeBaseId>[^/]+)\/retrieve$/,
  ];
  return patterns.map((pattern) => pattern.exec(path)?.groups).find(Boolean) ?? {};
}
