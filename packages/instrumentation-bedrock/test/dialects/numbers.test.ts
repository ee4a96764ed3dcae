/** Numbers that a JavaScript number cannot hold: they reach the span with all their digits. */

import {
  type BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { parseJson, toJson } from '../../src/data/json.js';
import { stringify } from '../../src/data/numbers.js';
import { collect, createClient, startTracing, type Tracing } from '../support/tracing.js';

const CLAUDE = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const OPENAI = 'openai.gpt-oss-120b-1:0';
/** An account number, an amount and a number beyond the largest double. */
const ARGUMENTS = '{"account":1152921504606846977,"amount":0.100000000000000000055,"limit":1e400,"count":3}';
const FORMATS = {
  in: ['gen_ai.input.messages', 'mlflow.spanInputs'],
  out: ['gen_ai.output.messages', 'mlflow.spanOutputs'],
};

describe('numbers that a JavaScript number cannot hold', () => {
  let simulator: Simulator;
  let response: SimulatedResponse;
  let client: BedrockRuntimeClient;
  let tracing: Tracing;
  before(async () => {
    simulator = await startSimulator({ respond: () => response });
    client = createClient(simulator.url);
  });
  after(async () => {
    client.destroy();
    await simulator.close();
  });
  beforeEach(() => {
    tracing = startTracing();
  });
  afterEach(() => tracing.close());

  function attribute(name: string): string {
    return String(tracing.spans()[0]?.attributes[name]);
  }

  function expectIn(names: readonly string[], text: string): void {
    for (const name of names) expect(attribute(name), name).to.include(text);
  }

  const claudeAnswer = (input: string): string =>
    `{"id":"m","type":"message","role":"assistant","content":[{"type":"tool_use","id":"t","name":"pay","input":${input}}],` +
    '"stop_reason":"tool_use","usage":{"input_tokens":7,"output_tokens":9}}';

  it('keep their digits in requests and answers of InvokeModel', async () => {
    response = { body: claudeAnswer(ARGUMENTS) };
    const body =
      '{"anthropic_version":"bedrock-2023-05-31","max_tokens":50,"tools":[{"name":"pay","input_schema":' +
      '{"type":"object","properties":{"account":{"type":"integer","maximum":18446744073709551615}}}}],"messages":[' +
      `{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"pay","input":${ARGUMENTS}}]},` +
      '{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"json","json":-98765432109876543210}]}]}]}';
    await client.send(new InvokeModelCommand({ modelId: CLAUDE, body }));
    expectIn(FORMATS.in, ARGUMENTS);
    expectIn(FORMATS.in, '"json":-98765432109876543210}');
    expectIn(FORMATS.out, ARGUMENTS);
    expectIn(['gen_ai.tool.definitions', 'mlflow.chat.tools'], '"maximum":18446744073709551615');
    expect(tracing.spans()[0]?.attributes).to.include({
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.usage.output_tokens': 9,
    });
  });

  it('keep their digits in streamed tool arguments', async () => {
    const pieces = ['', ARGUMENTS.slice(0, 20), ARGUMENTS.slice(20)];
    response = {
      events: [
        { type: 'chunk', payload: { type: 'message_start', message: { id: 'm', type: 'message', role: 'assistant' } } },
        {
          type: 'chunk',
          payload: { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't', name: 'pay' } },
        },
        ...pieces.map((partial_json) => ({
          type: 'chunk',
          payload: { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json } },
        })),
        { type: 'chunk', payload: { type: 'message_stop' } },
      ],
    };
    const body = '{"anthropic_version":"bedrock-2023-05-31","max_tokens":50,"messages":[]}';
    await collect((await client.send(new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body }))).body);
    expectIn(FORMATS.out, ARGUMENTS);
  });

  it('keep their digits in ConverseStream', async () => {
    response = {
      events: [
        { type: 'messageStart', payload: { role: 'assistant' } },
        {
          type: 'contentBlockStart',
          payload: { contentBlockIndex: 0, start: { toolUse: { toolUseId: 't', name: 'pay' } } },
        },
        { type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta: { toolUse: { input: ARGUMENTS } } } },
        { type: 'messageStop', payload: { stopReason: 'tool_use' } },
        { type: 'metadata', payload: { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } } },
      ],
    };
    await collect((await client.send(new ConverseStreamCommand({ modelId: CLAUDE, messages: [] }))).stream);
    expectIn(FORMATS.out, ARGUMENTS);
  });

  it('keep their digits in the arguments that OpenAI’s format has as text', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'pay', arguments: ARGUMENTS } };
    const message = { role: 'assistant', content: null, tool_calls: [call] };
    response = { body: { id: 'x', choices: [{ index: 0, message, finish_reason: 'tool_calls' }] } };
    await client.send(new InvokeModelCommand({ modelId: OPENAI, body: JSON.stringify({ messages: [message] }) }));
    expectIn(['gen_ai.input.messages', 'gen_ai.output.messages'], ARGUMENTS);
    expectIn(['mlflow.spanInputs', 'mlflow.spanOutputs'], JSON.stringify(ARGUMENTS));
  });

  it('keep their digits where the arguments of OpenAI’s format are an object', async () => {
    const message = `{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"pay","arguments":${ARGUMENTS}}}]}`;
    response = { body: `{"choices":[{"index":0,"finish_reason":"tool_calls","message":${message}}]}` };
    await client.send(new InvokeModelCommand({ modelId: OPENAI, body: `{"messages":[${message}]}` }));
    expectIn(['gen_ai.input.messages', 'gen_ai.output.messages'], `"arguments":${ARGUMENTS}`);
    // MLflow's chat view shows arguments as text.
    expectIn(['mlflow.spanInputs', 'mlflow.spanOutputs'], `"arguments":${JSON.stringify(ARGUMENTS)}`);
  });

  it('keep their digits in the big integers that an application gives to Converse', async () => {
    response = {
      body: { output: { message: { role: 'assistant', content: [{ text: 'ok' }] } }, stopReason: 'end_turn' },
    };
    const json = { account: 1152921504606846977n, amount: { string: '12345678901234567890.5', type: 'bigDecimal' } };
    const content = [{ toolResult: { toolUseId: 't', content: [{ json: json as never }] } }];
    await client.send(new ConverseCommand({ modelId: CLAUDE, messages: [{ role: 'user', content }] }));
    expectIn(FORMATS.in, '{"account":1152921504606846977,"amount":12345678901234567890.5}');
  });

  it('have in answers of Converse the digits that the SDK hands to the application', async () => {
    response = {
      body:
        `{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"pay","input":${ARGUMENTS}}}]}},` +
        '"stopReason":"tool_use"}',
    };
    const { output } = await client.send(new ConverseCommand({ modelId: CLAUDE, messages: [] }));
    const input = output?.message?.content?.[0]?.toolUse?.input as unknown as { account: bigint | number };
    // The SDK returns bigints on Node.js 22 and later. On Node.js 20 it rounds.
    expectIn(FORMATS.out, `"account":${input.account}`);
    if (typeof input.account === 'bigint') expectIn(FORMATS.out, ARGUMENTS.slice(0, ARGUMENTS.indexOf(',"limit"')));
  });

  it('keep their digits in the span events of a stream', async () => {
    response = {
      events: [
        { type: 'chunk', payload: '{"type":"message_start","message":{"id":"m","seen":1152921504606846977}}' as never },
      ],
    };
    const body = '{"anthropic_version":"bedrock-2023-05-31","messages":[]}';
    await collect((await client.send(new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body }))).body);
    expect(String(tracing.spans()[0]?.events[0]?.attributes?.['json'])).to.include('"seen":1152921504606846977}');
  });

  it('are still numbers for the attributes of parameters', async () => {
    response = { body: { id: 'x', choices: [] } };
    const body = '{"messages":[],"temperature":0.200000000000000011102230246251565,"seed":1152921504606846977}';
    await client.send(new InvokeModelCommand({ modelId: OPENAI, body }));
    expect(tracing.spans()[0]?.attributes).to.include({
      'gen_ai.request.temperature': 0.2,
      'gen_ai.request.seed': 2 ** 60,
    });
  });

  it('are text for contentHook, and bare again if the hook returns a bigint', async () => {
    response = { body: claudeAnswer('{"account":1152921504606846977}') };
    const seen: string[] = [];
    for (const restore of [false, true]) {
      tracing.instrumentation.setConfig({
        contentHook: ({ value }) => {
          seen.push(JSON.stringify(value));
          const text = '"account":"1152921504606846977"';
          if (!restore || !JSON.stringify(value).includes(text)) return value;
          return {
            body: { content: [{ type: 'tool_use', name: 'pay', input: { account: 1152921504606846977n } }] },
          } as never;
        },
      });
      await client.send(new InvokeModelCommand({ modelId: CLAUDE, body: '{"messages":[]}' }));
    }
    expect(seen[1]).to.include('"account":"1152921504606846977"');
    const [kept, restored] = tracing.spans().map(({ attributes }) => attributes['gen_ai.output.messages']);
    expect(kept).to.include('"account":"1152921504606846977"');
    expect(restored).to.include('"account":1152921504606846977}');
  });

  it('are text in events, which hold structured values', async () => {
    process.env['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'] = 'EVENT_ONLY';
    try {
      await tracing.close();
      tracing = startTracing();
      response = { body: claudeAnswer('{"account":1152921504606846977}') };
      await client.send(new InvokeModelCommand({ modelId: CLAUDE, body: '{"messages":[]}' }));
    } finally {
      delete process.env['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'];
    }
    expect(tracing.events()[0]?.attributes['gen_ai.output.messages']).to.have.nested.property(
      '[0].parts[0].arguments.account',
      '1152921504606846977',
    );
  });
});

describe('parseJson and stringify', () => {
  const same = (text: string) => expect(stringify(parseJson(text))).to.equal(text);

  it('keep numbers in every place', () => {
    for (const number of ['9007199254740993', '-9007199254740993', '1.000000000000000000001', '1e400', '-1.5E-400']) {
      for (const text of [number, `[${number}]`, `{"a":${number}}`, `[[],{"a":[1,${number},"x",${number}]}]`])
        same(text);
      same(`{"__proto__":{"a":${number}}}`);
    }
  });

  it('leave digits inside of strings alone', () => {
    for (const text of ['1234567890123456789', '\\"1234567890123456789', '\\\\', ': 1234567890123456789,', '[1e999]']) {
      same(`{"a":"${text}","b":[1234567890123456789,"${text}"]}`);
      same(`{"${text}":"${text}"}`);
    }
  });

  it('parse numbers that a double holds into numbers', () => {
    const text =
      '[9007199254740991,0.30000000000000004,-12.345678901234567,1e308,5e-324,0.00000000000000000001,100,-0.5]';
    expect(parseJson(text)).to.deep.equal(JSON.parse(text));
    expect((parseJson(text) as unknown[]).every((item) => typeof item === 'number')).to.equal(true);
  });

  it('accept no text that is no JSON', () => {
    for (const text of [
      '01234567890123456789',
      '1234567890123456789.',
      '+1234567890123456789',
      '{"a":1234567890123456789',
    ]) {
      expect(parseJson(text), text).to.equal(undefined);
    }
  });

  it('take linear time for long runs of digits and backslashes', () => {
    const zeros = '0'.repeat(2_000_000);
    const text = `{"a":"${zeros}${'\\\\'.repeat(1_000_000)}","b":1${zeros},"c":0.${zeros}1}`;
    same(text);
  });

  it('leave no mark in what other code writes', () => {
    expect(JSON.stringify(parseJson('[1234567890123456789]'))).to.equal('["1234567890123456789"]');
  });

  it('write big integers of an application, and small ones as numbers', () => {
    const value = { big: 12345678901234567890n, small: 5n };
    expect(stringify(toJson(value))).to.equal('{"big":12345678901234567890,"small":5}');
    expect(toJson(value, { longNumbersAsText: true })).to.deep.equal({ big: '12345678901234567890', small: 5 });
  });
});
