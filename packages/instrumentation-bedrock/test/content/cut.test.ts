/** The limits of content: text is cut between characters, and base64 is kept whole or becomes a note. */

import {
  type BedrockRuntimeClient,
  ConverseCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { toJson } from '../../src/data/json.js';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const CLAUDE = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
/** Noise of a fixed kind, so that its base64 has all kinds of characters. */
const PICTURE = Buffer.from(Array.from({ length: 120 }, (_, index) => (index * 89 + 7) % 256));
const BASE64 = PICTURE.toString('base64');
const DATA_URL = `data:image/png;base64,${BASE64}`;
const NOTE = '[120 bytes not recorded]';

function cut(text: string, maxStringLength: number): string {
  return String(toJson(text, { maxStringLength }));
}

describe('maxContentLength', () => {
  let simulator: Simulator;
  let response: SimulatedResponse;
  let client: BedrockRuntimeClient;
  let tracing: Tracing | undefined;
  before(async () => {
    simulator = await startSimulator({ respond: () => response });
    client = createClient(simulator.url);
  });
  after(async () => {
    client.destroy();
    await simulator.close();
  });
  beforeEach(() => {
    response = { body: {} };
  });
  afterEach(() => tracing?.close());

  /** The attributes of the call that `send` makes. */
  async function attributesOf(
    config: BedrockInstrumentationConfig,
    send: () => Promise<unknown>,
  ): Promise<Record<string, unknown>> {
    tracing = startTracing({ config });
    await send();
    return tracing.spans()[0]?.attributes ?? {};
  }

  const invoke = (modelId: string, body: object) => () =>
    client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));

  it('cuts prompts, answers and messages of errors between characters', async () => {
    response = { body: { completion: 'Ja, gern 🧑🏽‍🚀 und mehr', stop_reason: 'stop_sequence' } };
    const limit = 'Ja, gern 🧑🏽'.length;
    const body = { prompt: 'Hallo zu 🇩🇪🇫🇷 und mehr', max_tokens_to_sample: 5 };
    const attributes = await attributesOf({ maxContentLength: limit }, invoke('anthropic.claude-v2', body));
    const prompt = 'Hallo zu 🇩🇪… [13 more characters not recorded]';
    expect(attributes['gen_ai.input.messages']).to.include(`"${prompt}"`);
    // MLflow shows this body as JSON text.
    const { body: shown } = JSON.parse(String(attributes['mlflow.spanInputs']));
    expect(JSON.parse(shown)).to.deep.equal({ prompt, max_tokens_to_sample: 5 });
    for (const name of ['gen_ai.output.messages', 'mlflow.spanOutputs']) {
      expect(attributes[name], name).to.include('"Ja, gern … [16 more characters not recorded]"');
    }
    response = { status: 400, body: { message: '12345678🚀 is wrong' } };
    await client.send(new ConverseCommand({ modelId: CLAUDE, messages: [] })).catch(() => undefined);
    const failed = tracing?.spans().at(-1);
    expect(failed?.status.message).to.equal(
      `${failed?.attributes['error.type']}: 12345678🚀 is… [6 more characters not recorded]`,
    );
  });

  it('cuts what a hook returns, and the chunks of streams, between characters', async () => {
    response = { events: [{ type: 'chunk', payload: { completion: 'abc🚀', stop_reason: 'stop_sequence' } }] };
    tracing = startTracing({
      config: { maxContentLength: 4, recordStreamEvents: true, contentHook: ({ value }) => value },
    });
    const body = JSON.stringify({ prompt: 'x', max_tokens_to_sample: 5 });
    const command = new InvokeModelWithResponseStreamCommand({ modelId: 'anthropic.claude-v2', body });
    await collect((await client.send(command)).body);
    const [span] = tracing.spans();
    const shown = 'abc… [2 more characters not recorded]';
    expect(json(span!, 'gen_ai.output.messages')).to.have.nested.property('[0].parts[0].content', shown);
    expect(span?.events[0]?.attributes?.['json']).to.include(`"completion":"${shown}"`);
  });

  it('cuts the texts inside of JSON text, so that arguments of tools stay JSON', async () => {
    const args = { city: 'Lyon and the whole region around it', id: 4 };
    const call = { id: 'c', type: 'function', function: { name: 'weather', arguments: JSON.stringify(args) } };
    const message = { role: 'assistant', content: null, tool_calls: [call] };
    response = { body: { choices: [{ index: 0, message, finish_reason: 'tool_calls' }] } };
    const attributes = await attributesOf(
      { maxContentLength: 10 },
      invoke('openai.gpt-oss-120b-1:0', { messages: [message] }),
    );
    const shown = '{"city":"Lyon and t… [25 more characters not recorded]","id":4}';
    for (const name of ['gen_ai.input.messages', 'gen_ai.output.messages']) {
      expect(attributes[name], name).to.include(`"arguments":${shown}`);
    }
    expect(attributes['mlflow.spanInputs']).to.include(JSON.stringify(shown));
  });

  /** A body with media in each provider's place for it. */
  const MEDIA: readonly (readonly [string, string, object])[] = [
    [
      'a Claude image',
      CLAUDE,
      claude({ type: 'image', source: { type: 'base64', media_type: 'image/png', data: BASE64 } }),
    ],
    [
      'an image of OpenAI’s format',
      'openai.gpt-oss-120b-1:0',
      chat({ type: 'image_url', image_url: { url: DATA_URL } }),
    ],
    ['audio of OpenAI’s format', 'mistral.voxtral-mini', chat({ type: 'input_audio', input_audio: { data: BASE64 } })],
    ['Nova’s images', 'amazon.nova-lite-v1:0', chat({ image: { format: 'png', source: { bytes: BASE64 } } })],
    ['Llama’s images', 'meta.llama3-2-11b-instruct-v1:0', { prompt: 'x', images: [BASE64] }],
    ['Titan’s mask', 'amazon.titan-image-generator-v2:0', { inPaintingParams: { text: 'x', maskImage: BASE64 } }],
    ['Stability’s image', 'stability.sd3-5-large-v1:0', { prompt: 'x', image: BASE64 }],
    ['a member that has any name', 'nobody.unknown-v1:0', { anything: BASE64 }],
  ];

  for (const [what, modelId, body] of MEDIA) {
    it(`keeps ${what} whole`, async () => {
      const attributes = await attributesOf({ maxContentLength: 50 }, invoke(modelId, body));
      expect(attributes['mlflow.spanInputs']).to.include(BASE64);
      expect(JSON.stringify(attributes)).to.not.include('more characters');
    });
  }

  for (const [what, modelId, body] of MEDIA.slice(0, -1)) {
    it(`puts a note in the place of ${what} if it is larger than maxMediaBytes`, async () => {
      for (const maxContentLength of [50, 5000]) {
        const attributes = await attributesOf({ maxContentLength, maxMediaBytes: 100 }, invoke(modelId, body));
        expect(attributes['mlflow.spanInputs']).to.include(NOTE);
        expect(JSON.stringify(attributes)).to.not.include(BASE64.slice(0, 20));
        await tracing?.close();
      }
    });
  }

  it('keeps bytes of Converse whole, however even they are', async () => {
    const image = { format: 'png' as const, source: { bytes: Buffer.alloc(90) } };
    const attributes = await attributesOf({ maxContentLength: 10 }, () =>
      client.send(new ConverseCommand({ modelId: CLAUDE, messages: [{ role: 'user', content: [{ image }] }] })),
    );
    for (const name of ['gen_ai.input.messages', 'mlflow.spanInputs']) {
      expect(attributes[name], name).to.include(`"${'A'.repeat(120)}"`);
    }
  });

  it('keeps the smallest image whole', async () => {
    const source = { type: 'base64', media_type: 'image/gif', data: 'R0lGODlhAQABAAAAACw=' };
    const attributes = await attributesOf({ maxContentLength: 9 }, invoke(CLAUDE, claude({ type: 'image', source })));
    expect(json(tracing!.spans()[0]!, 'gen_ai.input.messages')).to.have.nested.property(
      '[0].parts[0].content',
      source.data,
    );
    expect(attributes['mlflow.spanInputs']).to.include(source.data);
  });

  it('keeps signatures and encrypted reasoning whole', async () => {
    const content = [
      { type: 'thinking', thinking: 'I think. '.repeat(9), signature: BASE64 },
      { type: 'redacted_thinking', data: BASE64 },
      { type: 'other', encrypted_content: BASE64, thoughtSignature: 'abcdefghijklmnopqrstuvwxyz' },
    ];
    const body = { anthropic_version: 'x', messages: [{ role: 'assistant', content }] };
    const attributes = await attributesOf({ maxContentLength: 20 }, invoke(CLAUDE, body));
    const { messages } = JSON.parse(String(attributes['mlflow.spanInputs']));
    expect(JSON.stringify(messages).split(BASE64)).to.have.lengthOf(4);
    expect(JSON.stringify(messages)).to.include('"abcdefghijklmnopqrstuvwxyz"');
    expect(messages[0].content[0].thinking).to.equal('I think. I think. I … [61 more characters not recorded]');
  });

  function claude(block: object): object {
    return { anthropic_version: 'bedrock-2023-05-31', max_tokens: 5, messages: [{ role: 'user', content: [block] }] };
  }

  function chat(item: object): object {
    return { messages: [{ role: 'user', content: [item] }] };
  }
});

describe('a text that is cut', () => {
  const characters = ['🚀', '👩‍👩‍👧‍👦', '👍🏽', 'e\u0301', '🇫🇷', 'क्षि', '각', '❤️'];
  for (const character of characters) {
    it(`has the character ${JSON.stringify(character)} whole or not at all`, () => {
      const text = `ab${character}cdef`;
      const rest = (end: number): string => {
        const left = text.length - end;
        return `… [${left} more ${left === 1 ? 'character' : 'characters'} not recorded]`;
      };
      for (let limit = 0; limit < text.length; limit++) {
        const end = limit > 2 && limit < 2 + character.length ? 2 : limit;
        expect(cut(text, limit)).to.equal(text.slice(0, end) + rest(end));
      }
    });
  }

  it('has no half of a character that is longer than any real one', () => {
    expect(cut(`x${'\u0301'.repeat(500)}`, 300)).to.match(/^x\u0301{299}… /);
    expect(cut('🚀'.repeat(500), 301)).to.match(/^(?:🚀){150}… /u);
    expect(cut('👨\u200d'.repeat(200), 301)).to.match(/^(?:👨\u200d){100}… /u);
  });

  it('has no half of the base64 inside of it', () => {
    const text = `Look at ![this](${DATA_URL}) and that`;
    for (const limit of [20, 100, text.indexOf(')', 30) - 1]) {
      const end = limit === 20 ? 20 : 'Look at ![this]('.length;
      expect(cut(text, limit)).to.equal(`${text.slice(0, end)}… [${text.length - end} more characters not recorded]`);
    }
    expect(cut(text, text.length - 5)).to.include(`${DATA_URL})`);
    expect(cut(`{"screenshot":"${BASE64}"}`, 60)).to.match(/^\{"screenshot":"… /);
  });

  it('is whole if it is the note about media, and cut if it only ends like one', () => {
    expect(toJson({ bytes: PICTURE }, { maxMediaBytes: 9, maxStringLength: 9 })).to.deep.equal({
      bytes: '[120 bytes not recorded]',
    });
    for (const note of ['[120 bytes not recorded]', '[1 byte not recorded]']) expect(cut(note, 9)).to.equal(note);
    expect(cut('He wrote: 120 bytes not recorded]', 9)).to.equal('He wrote:… [24 more characters not recorded]');
  });

  it('is cut if it only resembles base64', () => {
    for (const text of [
      'x'.repeat(300),
      'internationalization',
      'Name1\n'.repeat(50),
      'deadbeef00'.repeat(20),
      'ÄÖÜ'.repeat(50),
    ]) {
      expect(cut(text, 10)).to.equal(`${text.slice(0, 10)}… [${text.length - 10} more characters not recorded]`);
    }
    expect(toJson({ data: 'one two three four five six seven eight' }, { maxStringLength: 7 })).to.deep.equal({
      data: 'one two… [32 more characters not recorded]',
    });
  });

  it('is cut in linear time', () => {
    for (const piece of ['a', '\u0301', 'aB3', '😀', 'aB3\n', '=']) {
      const text = piece.repeat(5_000_000 / piece.length);
      expect(cut(text, 4_999_990).length).to.be.at.most(5_000_050);
    }
  });
});

describe('a character of a stream that arrives in halves', () => {
  it('is whole in the answer, and is replaced where the stream breaks off', async () => {
    const simulator = await startSimulator({
      respond: () => ({
        events: ['a \ud83d', '\ude80 b \ud83d'].map((text) => ({
          type: 'chunk',
          payload: { completion: text },
        })),
      }),
    });
    const client = createClient(simulator.url);
    const tracing = startTracing();
    const body = JSON.stringify({ prompt: 'x', max_tokens_to_sample: 5 });
    const command = new InvokeModelWithResponseStreamCommand({ modelId: 'anthropic.claude-v2', body });
    await collect((await client.send(command)).body).catch(() => undefined);
    const [span] = tracing.spans();
    expect(json(span!, 'gen_ai.output.messages')).to.have.nested.property('[0].parts[0].content', 'a 🚀 b \uFFFD');
    client.destroy();
    await tracing.close();
    await simulator.close();
  });
});

describe('maxMediaBytes: 0', () => {
  it('records no media, however small, and all text', () => {
    const tiny = PICTURE.subarray(0, 30);
    const value = {
      source: { bytes: tiny },
      images: [tiny.toString('base64'), `data:image/gif;base64,${tiny.toString('base64')}`],
      text: 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz',
      image: 'cat',
      url: `data:image/png;base64,${tiny.toString('base64')} is no URL`,
      pattern: 'x'.repeat(2000),
      genome: 'gattaca'.repeat(300),
      digest: 'deadbeef00'.repeat(200),
    };
    expect(toJson(value, { maxMediaBytes: 0 })).to.deep.equal({
      ...value,
      source: { bytes: '[30 bytes not recorded]' },
      images: ['[30 bytes not recorded]', '[30 bytes not recorded]'],
    });
  });
});
