import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  ApplyGuardrailCommand,
  type BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  CountTokensCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import type { Exchange, Simulator } from '../src/index.js';
import {
  chunkJson,
  client,
  closeAll,
  failure,
  HTTP_VERSIONS,
  invoke,
  invokeStream,
  type Json,
  simulator,
  userMessage,
} from './support.js';

/** Recordings of the real service. They are next to the repository if they are available. */
const FIXTURES = fileURLToPath(new URL('../../../../shared/fixtures/', import.meta.url));

interface Recording extends Exchange {
  readonly features: readonly string[];
  readonly request: { readonly body: Json | null; readonly trims?: readonly unknown[] };
  readonly expected: {
    readonly text: string | null;
    readonly finish_reasons: readonly string[];
    readonly input_tokens: number | null;
    readonly output_tokens: number | null;
    readonly total_tokens: number | null;
    readonly tool_calls: readonly { readonly name: string; readonly arguments: unknown }[];
    readonly guardrail_action: string | null;
    readonly error: { readonly type: string; readonly message: string; readonly in_stream: boolean } | null;
  };
}

/** A client's result, with the members of `expected`. */
interface Result {
  readonly text?: string;
  readonly finish?: string | undefined;
  readonly usage?: readonly (number | undefined)[];
  readonly tools?: readonly string[];
}

/** Blocks with media, which the SDK returns in another form than the recorded one. */
const MEDIA = ['image', 'document', 'video', 'audio', 'reasoning'];

for (const folder of ['exchanges', 'synthetic']) {
  const directory = `${FIXTURES}${folder}`;
  describe(`recordings of the service (${folder})`, () => {
    if (!existsSync(directory)) {
      it(`replay through the real client (skipped: ${directory} does not exist)`, function () {
        this.skip();
      });
      return;
    }
    const recordings = readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .map((name) => JSON.parse(readFileSync(`${directory}/${name}`, 'utf8')) as Recording);
    let running: Simulator;
    before(async () => {
      running = await simulator({ exchanges: directory });
    });
    after(closeAll);

    for (const operation of new Set(recordings.map((recording) => recording.operation))) {
      for (const version of HTTP_VERSIONS) {
        const some = recordings.filter((recording) => recording.operation === operation);
        it(`replay ${some.length} ${operation} exchanges through the real client over HTTP/${version}`, async () => {
          for (const recording of some) {
            const bedrock = client(running.endpoint({ exchange: recording.id }), version);
            await check(bedrock, recording);
          }
        });
      }
    }

    const plain = recordings.filter(isPlainConverse);
    if (plain.length > 0) {
      it(`serve ${plain.length} Converse exchanges for the body that the real client sends`, async () => {
        const bedrock = client(running.url);
        for (const { id, modelId, request, expected } of plain) {
          const input = { ...request.body, modelId: modelId ?? '' } as ConverseCommandInput;
          const { output } = await bedrock.send(new ConverseCommand(input));
          expect(textOf(output?.message?.content), id).to.equal(expected.text ?? '');
        }
      });
    }
  });
}

function isPlainConverse({ operation, request, features, expected }: Recording): boolean {
  if (operation !== 'Converse' || !request.body || request.trims || expected.error) return false;
  return !features.some((feature) => MEDIA.includes(feature));
}

async function check(bedrock: BedrockRuntimeClient, recording: Recording): Promise<void> {
  const { expected } = recording;
  if (expected.error && !expected.error.in_stream) {
    const error = await failure(run(bedrock, recording));
    expect([error.name, error.message], recording.id).to.deep.equal([expected.error.type, expected.error.message]);
    return;
  }
  const { text, finish, usage, tools } = await run(bedrock, recording);
  if (text !== undefined) expect(text, recording.id).to.equal(expected.text ?? '');
  if (finish !== undefined) expect([finish], recording.id).to.deep.equal(expected.finish_reasons);
  if (tools) expect(tools, recording.id).to.deep.equal(expected.tool_calls.map(({ name }) => name));
  if (usage) {
    const counts = [expected.input_tokens, expected.output_tokens, expected.total_tokens].map(
      (count) => count ?? undefined,
    );
    expect(usage, recording.id).to.deep.equal(counts);
  }
}

async function run(bedrock: BedrockRuntimeClient, recording: Recording): Promise<Result> {
  const modelId = recording.modelId ?? '';
  const messages = [userMessage('Any question')];
  switch (recording.operation) {
    case 'Converse': {
      const { output, stopReason, usage } = await bedrock.send(new ConverseCommand({ modelId, messages }));
      const content = output?.message?.content ?? [];
      return {
        text: textOf(content),
        finish: stopReason,
        usage: [usage?.inputTokens, usage?.outputTokens, usage?.totalTokens],
        tools: content.flatMap(({ toolUse }) => toolUse?.name ?? []),
      };
    }
    case 'ConverseStream':
      return readConverseStream(
        (await bedrock.send(new ConverseStreamCommand({ modelId, messages }))).stream,
        recording,
      );
    case 'InvokeModel':
      expect(await invoke(bedrock, modelId, {}), recording.id).to.deep.equal(recording.response.body);
      return {};
    case 'InvokeModelWithResponseStream':
      await readInvokeStream(bedrock, recording);
      return {};
    case 'CountTokens': {
      const output = await bedrock.send(new CountTokensCommand({ modelId, input: { converse: { messages } } }));
      expect(output.inputTokens, recording.id).to.equal(recording.expected.input_tokens);
      return {};
    }
    default: {
      const guardrail = { guardrailIdentifier: 'g', guardrailVersion: '1', content: [{ text: { text: 'x' } }] };
      const output = await bedrock.send(new ApplyGuardrailCommand({ ...guardrail, source: 'INPUT' }));
      expect(output.action, recording.id).to.equal(recording.expected.guardrail_action);
      return {};
    }
  }
}

async function readConverseStream(
  stream: AsyncIterable<ConverseStreamOutput> | undefined,
  recording: Recording,
): Promise<Result> {
  const { events, error } = await drain(stream);
  expectInStreamError(error, recording);
  const usage = events.find((event) => event.metadata)?.metadata?.usage;
  return {
    text: events.map((event) => event.contentBlockDelta?.delta?.text ?? '').join(''),
    finish: events.find((event) => event.messageStop)?.messageStop?.stopReason,
    usage: [usage?.inputTokens, usage?.outputTokens, usage?.totalTokens],
    tools: events.flatMap((event) => event.contentBlockStart?.start?.toolUse?.name ?? []),
  };
}

async function readInvokeStream(bedrock: BedrockRuntimeClient, recording: Recording): Promise<void> {
  const chunks = recording.responseEvents
    ?.filter(({ messageType }) => messageType === 'event')
    .map(({ payload }) => payload);
  if (!recording.expected.error) {
    expect(await invokeStream(bedrock, recording.modelId ?? '', {}), recording.id).to.deep.equal(chunks);
    return;
  }
  const output = await bedrock.send(
    new InvokeModelWithResponseStreamCommand({ modelId: recording.modelId ?? '', body: '{}' }),
  );
  const { events, error } = await drain(output.body);
  expect(events.map(chunkJson), recording.id).to.deep.equal(chunks);
  expectInStreamError(error, recording);
}

async function drain<T>(stream: AsyncIterable<T> | undefined): Promise<{ events: T[]; error: Error | undefined }> {
  const events: T[] = [];
  try {
    for await (const event of stream ?? []) events.push(event);
  } catch (error) {
    return { events, error: error as Error };
  }
  return { events, error: undefined };
}

function expectInStreamError(error: Error | undefined, { id, expected }: Recording): void {
  expect(error && [error.name, error.message], id).to.deep.equal(
    expected.error ? [expected.error.type, expected.error.message] : undefined,
  );
}

/** Returns the text, also of the separate blocks for text with citations. */
function textOf(content: readonly ContentBlock[] | undefined): string {
  const texts = (content ?? []).flatMap((block) => [block, ...(block.citationsContent?.content ?? [])]);
  return texts.map(({ text }) => text ?? '').join('');
}
