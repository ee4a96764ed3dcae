import { InvokeModelWithBidirectionalStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { silence, speak } from '../src/index.js';
import { Listener } from '../src/model/speech.js';
import { client, closeAll, failure, type Json, simulator } from './support.js';

const MODEL = 'amazon.nova-sonic-v1:0';
const PROMPT = { promptName: 'p' };
const AUDIO = { ...PROMPT, contentName: 'microphone' };

const chunk = (event: Json) => ({ chunk: { bytes: Buffer.from(JSON.stringify({ event })) } });
const audio = (pcm: Buffer) => chunk({ audioInput: { ...AUDIO, content: pcm.toString('base64') } });

/** The events of a session that speaks each text, waits for the answer, and ends. */
async function* talk(texts: readonly string[], tools: readonly Json[], answered: () => Promise<unknown>) {
  yield chunk({ sessionStart: { inferenceConfiguration: { maxTokens: 512 } } });
  yield chunk({ promptStart: { ...PROMPT, ...(tools.length > 0 ? { toolConfiguration: { tools } } : {}) } });
  yield chunk({ contentStart: { ...AUDIO, type: 'AUDIO', role: 'USER' } });
  for (const text of texts) {
    yield audio(speak(text));
    yield audio(silence(500));
    const call = (await answered()) as { readonly toolUseId: string } | undefined;
    if (!call) continue;
    const result = { ...PROMPT, contentName: 'result' };
    const toolResultInputConfiguration = { toolUseId: call.toolUseId, type: 'TEXT' };
    yield chunk({ contentStart: { ...result, type: 'TOOL', role: 'TOOL', toolResultInputConfiguration } });
    yield chunk({ toolResult: { ...result, content: '{"temperature":21}' } });
    yield chunk({ contentEnd: result });
    await answered();
  }
  yield chunk({ contentEnd: AUDIO });
  yield chunk({ promptEnd: PROMPT });
  yield chunk({ sessionEnd: {} });
}

/** Talks with the model and returns its events. */
async function session(endpoint: string, texts: readonly string[], tools: readonly Json[] = []): Promise<Json[]> {
  const turns: unknown[] = [];
  const waiting: ((turn: unknown) => void)[] = [];
  const ended = (turn: unknown): void => {
    const next = waiting.shift();
    if (next) next(turn);
    else turns.push(turn);
  };
  const answered = (): Promise<unknown> =>
    turns.length > 0 ? Promise.resolve(turns.shift()) : new Promise((resolve) => waiting.push(resolve));
  const { body } = await client(endpoint).send(
    new InvokeModelWithBidirectionalStreamCommand({ modelId: MODEL, body: talk(texts, tools, answered) }),
  );
  const events: Json[] = [];
  let call: unknown;
  for await (const { chunk: { bytes } = {} } of body ?? []) {
    const { event } = JSON.parse(Buffer.from(bytes ?? []).toString()) as { event: Record<string, Json> };
    events.push(event);
    call = event['toolUse'] ?? call;
    if (!event['usageEvent']) continue;
    ended(call);
    call = undefined;
  }
  return events;
}

const texts = (events: readonly Json[], role: string): unknown[] =>
  events
    .map(({ textOutput }) => textOutput as Json)
    .flatMap((text) => (text?.['role'] === role ? [text['content']] : []));

describe('a voice session', () => {
  afterEach(closeAll);

  it('answers each turn while the client still speaks, with transcripts, speech and token counts', async () => {
    const { url, requests } = await simulator();
    const events = await session(url, ['Hello', 'What is the capital of France?']);
    expect(texts(events, 'USER')).to.deep.equal(['Hello', 'What is the capital of France?']);
    // Each sentence is there twice: as planned and as spoken.
    expect(texts(events, 'ASSISTANT').filter((text) => text === 'The capital of France is Paris.')).to.have.lengthOf(2);
    expect(Object.keys(events.at(-1) ?? {})).to.deep.equal(['completionEnd']);
    const usage = events.findLast(({ usageEvent }) => usageEvent)?.['usageEvent'] as Json;
    expect(usage['totalTokens']).to.be.greaterThan(100);
    const speech = events.flatMap(({ audioOutput }) => (audioOutput ? [String((audioOutput as Json)['content'])] : []));
    const heard = new Listener(24_000);
    heard.hear(Buffer.concat(speech.map((piece) => Buffer.from(piece, 'base64'))));
    expect(heard.end()).to.include('The capital of France is Paris.');
    expect(requests[0]?.body).to.have.lengthOf(10);
    expect(requests[0]).to.include({ operation: 'InvokeModelWithBidirectionalStream', modelId: MODEL });
  });

  it('calls a tool that the question asks for, and answers with its result', async () => {
    const { url } = await simulator();
    const inputSchema = { json: '{"type":"object","properties":{"city":{"type":"string"}}}' };
    const tools = [{ toolSpec: { name: 'get_weather', description: 'Weather', inputSchema } }];
    const events = await session(url, ['How is the weather in Paris?'], tools);
    const use = events.find(({ toolUse }) => toolUse)?.['toolUse'];
    expect(use).to.deep.include({ toolName: 'get_weather', content: '{"city":"Paris"}' });
    expect(texts(events, 'ASSISTANT').join(' ')).to.include('temperature 21');
  });

  it('fails, is cut off and is reset in the scenarios', async () => {
    const running = await simulator();
    const run = (scenario: string) => session(running.endpoint({ scenario, parameters: { after: 2 } }), ['Hello']);
    expect(await failure(run('mid-stream-error'))).to.have.property('name', 'ModelStreamErrorException');
    expect(await failure(run('error-frame'))).to.have.property('name', 'InternalFailure');
    expect(await failure(run('throttling'))).to.have.property('name', 'ThrottlingException');
    expect(await run('truncated')).to.have.lengthOf(2);
    expect(await run('reset').catch((error: Error) => error)).to.satisfy(
      (result: unknown) => result instanceof Error || (Array.isArray(result) && result.length <= 2),
    );
  });
});
