/** What the spans of OpenAI's API say, with OpenAI's SDK against the simulator. */

import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type SimulatedResponse, type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import type OpenAI from 'openai';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { SDKS } from '../support/openai.js';
import { collect, json, startTracing, type Tracing } from '../support/tracing.js';

const MODEL = 'openai.gpt-oss-120b';
const QUESTION = 'What is the capital of France?';
const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const WEATHER = 'What is the weather in Paris and Tokyo?';
const MANTLE = 'https://bedrock-mantle.us-east-1.api.aws';
const RUNTIME = 'https://bedrock-runtime.us-east-1.amazonaws.com';

/** Attributes that only streamed calls have. */
const OF_STREAMS = ['gen_ai.request.stream', 'gen_ai.response.time_to_first_chunk'];

describe("the spans of OpenAI's API", () => {
  let simulator: Simulator;
  let answer: SimulatedResponse | undefined;
  let tracing: Tracing;
  before(async () => {
    simulator = await startSimulator({ respond: () => answer });
  });
  after(() => simulator.close());
  beforeEach(() => start());
  afterEach(async () => {
    answer = undefined;
    await tracing.close();
  });

  function start(config: BedrockInstrumentationConfig = {}): void {
    tracing = startTracing({ config });
    tracing.instrumentation.manuallyInstrument(SDKS[6]);
  }

  /** @param host that the client has, while its requests go to the simulator. */
  function client(host = MANTLE): OpenAI {
    const fetch: typeof globalThis.fetch = (url, init) =>
      globalThis.fetch(String(url).replace(host, simulator.url), init);
    return new SDKS[6].OpenAI({ baseURL: `${host}/openai/v1`, apiKey: 'simulator', maxRetries: 0, fetch });
  }

  async function spanOf(call: (api: OpenAI) => PromiseLike<unknown>, host?: string): Promise<ReadableSpan> {
    const result = await call(client(host));
    if (typeof result === 'object' && result && Symbol.asyncIterator in result) {
      await collect(result as AsyncIterable<unknown>);
    }
    return tracing.spans().at(-1)!;
  }

  const respond = (body: object) => spanOf((api) => api.responses.create({ model: MODEL, ...body }));

  it('have parameters, figures and ids of a response', async () => {
    const { id } = await client().responses.create({ model: MODEL, input: 'Hi' });
    const span = await respond({
      ...{ input: QUESTION, max_output_tokens: 90, temperature: 0.5, top_p: 0.9, service_tier: 'flex' },
      ...{ reasoning: { effort: 'low' }, text: { format: { type: 'json_object' } }, tool_choice: 'auto' },
      ...{ previous_response_id: id, conversation: { id: 'conv_1' }, prompt: { id: 'pmpt_1', version: '2' } },
    });
    expect(span.name).to.equal(`chat ${MODEL}`);
    expect(span.attributes).to.deep.include({
      ...{ 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'aws.bedrock', 'openai.api.type': 'responses' },
      ...{ 'gen_ai.request.model': MODEL, 'gen_ai.response.model': MODEL, 'mlflow.spanType': 'CHAT_MODEL' },
      ...{ 'gen_ai.request.max_tokens': 90, 'gen_ai.request.temperature': 0.5, 'gen_ai.request.top_p': 0.9 },
      ...{ 'gen_ai.request.reasoning.level': 'low', 'gen_ai.output.type': 'json' },
      ...{ 'aws.bedrock.request.service_tier': 'flex', 'openai.request.service_tier': 'flex' },
      ...{ 'aws.bedrock.response.service_tier': 'flex', 'openai.response.service_tier': 'flex' },
      ...{ 'aws.bedrock.request.tool_choice': 'auto', 'aws.bedrock.request.previous_response_id': id },
      ...{ 'gen_ai.conversation.id': 'conv_1', 'gen_ai.prompt.name': 'pmpt_1', 'gen_ai.prompt.version': '2' },
      ...{ 'gen_ai.response.finish_reasons': ['completed'], 'mlflow.message.format': 'openai' },
      'gen_ai.usage.reasoning.output_tokens': 14,
    });
    expect(span.attributes['gen_ai.response.id']).to.match(/^resp_\w+$/);
    expect(span.attributes['aws.request_id']).to.match(/^req_\w+$/);
    expect(span.attributes).to.not.have.property('gen_ai.request.stream');
  });

  it('have fingerprint, cached tokens and reasoning of a chat', async () => {
    const messages = [
      { role: 'developer' as const, content: 'Be short and kind.' },
      { role: 'user' as const, content: QUESTION },
    ];
    const body = { model: MODEL, messages, reasoning_effort: 'low' as const, prompt_cache_key: 'shop' };
    await client().chat.completions.create(body);
    const span = await spanOf((api) => api.chat.completions.create(body));
    expect(span.attributes).to.include({
      ...{ 'openai.api.type': 'chat_completions', 'openai.response.system_fingerprint': 'fp_simulator' },
      ...{ 'gen_ai.usage.cache_read.input_tokens': 5, 'gen_ai.usage.input_tokens': 13 },
      ...{ 'gen_ai.usage.reasoning.output_tokens': 14, 'mlflow.spanType': 'CHAT_MODEL' },
    });
    expect(json(span, 'mlflow.chat.tokenUsage')).to.deep.equal({
      ...{ input_tokens: 13, output_tokens: 38, total_tokens: 51, cache_read_input_tokens: 5 },
    });
    const [message] = json(span, 'gen_ai.output.messages') as [{ parts: { type: string }[] }];
    expect(message.parts.map(({ type }) => type)).to.deep.equal(['reasoning', 'text']);
  });

  const tool = { type: 'function' as const, name: 'get_weather', parameters: PARAMETERS, strict: true };
  const { type, ...definition } = tool;
  const usage = { stream_options: { include_usage: true } };
  for (const [name, call] of Object.entries<(api: OpenAI, stream: boolean) => PromiseLike<unknown>>({
    'a response with reasoning': (api, stream) =>
      api.responses.create({ model: MODEL, input: QUESTION, instructions: 'Hm', reasoning: { effort: 'low' }, stream }),
    'a response with calls of functions': (api, stream) =>
      api.responses.create({ model: MODEL, input: WEATHER, tools: [tool], stream }),
    'a response that is too long': (api, stream) =>
      api.responses.create({ model: MODEL, input: QUESTION, max_output_tokens: 4, stream }),
    'a chat with calls of tools': (api, stream) =>
      api.chat.completions.create({
        ...{ model: MODEL, stream, reasoning_effort: 'low', ...(stream ? usage : {}) },
        ...{ messages: [{ role: 'user', content: WEATHER }], tools: [{ type, function: definition }] },
      }),
    'a text completion': (api, stream) =>
      api.completions.create({ model: MODEL, prompt: QUESTION, stream, ...(stream ? usage : {}) }),
  })) {
    it(`have the same if the answer is streamed: ${name}`, async () => {
      const whole = await spanOf((api) => call(api, false));
      const streamed = await spanOf((api) => call(api, true));
      expect(streamed.attributes).to.include({ 'gen_ai.request.stream': true });
      expect(comparable(streamed)).to.deep.equal(comparable(whole));
      expect(whole.attributes).to.not.have.property('error.type');
      expect(json(whole, 'mlflow.chat.tokenUsage')).to.have.property('total_tokens').that.is.greaterThan(0);
    });
  }

  it('show a conversation of the Responses API with its tools', async () => {
    const first = await client().responses.create({ model: MODEL, input: WEATHER, tools: [tool] });
    const input = [
      { role: 'user' as const, content: WEATHER },
      ...first.output.filter((item) => item.type === 'function_call'),
      ...first.output
        .filter((item) => item.type === 'function_call')
        .map(({ call_id }) => ({ type: 'function_call_output' as const, call_id, output: 'sunny' })),
    ];
    const span = await respond({ input, tools: [tool] });
    expect(json(span, 'mlflow.chat.tools')).to.deep.equal([{ type: 'function', function: definition }]);
    expect(json(span, 'mlflow.spanInputs')).to.have.property('input').that.deep.equals(input);
    const roles = (json(span, 'gen_ai.input.messages') as { role: string }[]).map(({ role }) => role);
    expect(roles).to.deep.equal(['user', 'assistant', 'tool', 'tool']);
    const [message] = json(span, 'gen_ai.output.messages') as [{ parts: [{ content: string }] }];
    expect(message.parts[0].content).to.match(/^Here is what I found\. Paris: sunny\. Tokyo: sunny\./);
  });

  it('name the list of prices that MLflow has for the host', async () => {
    const call = (api: OpenAI) => api.responses.create({ model: MODEL, input: 'Hi' });
    const vpc = 'https://vpce-1a-2b.bedrock-mantle.us-east-1.vpce.amazonaws.com';
    for (const [host, provider] of [
      [MANTLE, 'bedrock_mantle'],
      [vpc, 'bedrock_mantle'],
      [RUNTIME, 'openai'],
    ] as const) {
      const span = await spanOf(call, host);
      expect(span.attributes).to.include({ 'mlflow.llm.model': MODEL, 'mlflow.llm.provider': provider });
    }
  });

  it('have the guardrail of the headers and its verdict', async () => {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'Blocked.' }, finish_reason: 'stop' }];
    answer = { body: { id: 'chatcmpl-1', choices, 'amazon-bedrock-guardrailAction': 'INTERVENED' } };
    const headers = { 'X-Amzn-Bedrock-GuardrailIdentifier': 'gr12345', 'X-Amzn-Bedrock-GuardrailVersion': 'DRAFT' };
    const body = { model: MODEL, messages: [{ role: 'user' as const, content: 'Hi' }] };
    const span = await spanOf((api) => api.chat.completions.create(body, { headers }), RUNTIME);
    expect(span.attributes).to.include({
      ...{ 'aws.bedrock.guardrail.id': 'gr12345', 'aws.bedrock.guardrail.version': 'DRAFT' },
      'aws.bedrock.guardrail.action': 'GUARDRAIL_INTERVENED',
    });
  });

  it('have the kind of output and the tool that the request asks for', async () => {
    const span = await respond({ input: 'Hi', tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' } });
    expect(span.attributes).to.include({ 'aws.bedrock.request.tool_choice': 'web_search' });
    const chat = { model: MODEL, messages: [{ role: 'user' as const, content: 'Hi' }] };
    const spoken = await spanOf((api) => api.chat.completions.create({ ...chat, modalities: ['text', 'audio'] }));
    expect(spoken.attributes).to.include({ 'gen_ai.output.type': 'speech' });
  });

  it('have no long vectors, but their dimensions and tokens', async () => {
    const body = { model: 'cohere.embed-v4:0', input: ['tide', 'tides'] };
    for (const encoding_format of ['float', 'base64'] as const) {
      const span = await spanOf((api) => api.embeddings.create({ ...body, encoding_format }));
      const size = encoding_format === 'float' ? '1024 numbers' : '4096 bytes';
      expect(span.attributes).to.deep.include({
        ...{ 'gen_ai.operation.name': 'embeddings', 'mlflow.spanType': 'EMBEDDING', 'openai.api.type': 'embeddings' },
        ...{ 'gen_ai.embeddings.dimension.count': 1024, 'gen_ai.usage.input_tokens': 2 },
        'gen_ai.request.encoding_formats': [encoding_format],
      });
      const { data } = json(span, 'mlflow.spanOutputs') as { data: { embedding: unknown }[] };
      const note = `[embedding of ${size} not recorded]`;
      expect(data.map(({ embedding }) => embedding)).to.deep.equal([note, note]);
    }
    const short = await spanOf((api) => api.embeddings.create({ ...body, dimensions: 4, encoding_format: 'float' }));
    const { data } = json(short, 'mlflow.spanOutputs') as { data: { embedding: number[] }[] };
    expect(data[0]?.embedding).to.have.length(4);
  });

  it('have the error of an answer that failed, streamed or not', async () => {
    const error = { code: 'server_error', message: 'The harbour is closed.' };
    const response = { id: 'resp_1', object: 'response', status: 'failed', output: [], error, usage: null };
    const created = { type: 'response.created', response: { ...response, error: null } };
    const failed = { type: 'response.failed', response };
    for (const [body, stream] of [
      [{ body: response }, false],
      [sentEvents([created, failed]), true],
    ] as const) {
      answer = body;
      const span = await respond({ input: 'Hi', stream });
      expect(span.attributes).to.include({ 'error.type': 'server_error', 'gen_ai.response.id': 'resp_1' });
      expect(span.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['failed']);
      expect(span.events.find(({ name }) => name === 'exception')?.attributes).to.include({
        'exception.message': 'The harbour is closed.',
      });
    }
  });

  it('have the error that a stream reports, and what had arrived', async () => {
    const events = [
      { type: 'response.created', response: { id: 'resp_1', status: 'in_progress', output: [] } },
      { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'The tide' },
      { type: 'error', code: 'rate_limit_exceeded', message: 'Too many boats.', param: null },
    ];
    answer = sentEvents(events);
    const span = await respond({ input: 'Hi', stream: true });
    expect(span.attributes).to.include({ 'error.type': 'rate_limit_exceeded' });
    expect(json(span, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'The tide' }], finish_reason: 'error' },
    ]);
  });

  it('have an event for each chunk of a stream, with its type', async () => {
    await tracing.close();
    start({ recordStreamEvents: true, contentHook: () => 'hidden' });
    const span = await respond({ input: 'Hi', stream: true });
    const names = span.events.map(({ name }) => name);
    expect(names.slice(0, 5)).to.deep.equal([
      ...['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added'],
      'response.output_text.delta',
    ]);
    expect(names.at(-1)).to.equal('response.completed');
    expect(JSON.stringify(span.events)).to.not.include('Hello');
  });

  it('have no credentials of tools', async () => {
    await tracing.close();
    start({ recordStreamEvents: true });
    const policy = { type: 'allowlist', allowed_domains: ['a.example'] };
    const tools = [
      {
        ...{ type: 'mcp', server_label: 'harbour', server_url: 'https://user:hush@mcp.example/v1?key=hush' },
        ...{ authorization: 'hush', headers: { 'X-Key': 'hush' }, require_approval: 'never' },
      },
      {
        type: 'code_interpreter',
        container: {
          type: 'auto',
          network_policy: { ...policy, domain_secrets: [{ domain: 'a.example', name: 'KEY', value: 'hush' }] },
        },
      },
      { type: 'function', name: 'log_in', parameters: { properties: { authorization: { type: 'string' } } } },
    ];
    for (const stream of [false, true]) {
      const items = [{ type: 'additional_tools', role: 'developer', tools }];
      const choice = { type: 'allowed_tools', mode: 'auto', tools };
      const span = await respond({ input: items, instructions: items, tools, tool_choice: choice, stream });
      const text = JSON.stringify([span.attributes, span.events]);
      expect(text).to.include('mcp.example').and.include('X-Key').and.not.include('hush');
      const [mcp, interpreter, login] = json(span, 'gen_ai.tool.definitions') as [object, object, object];
      expect(mcp).to.include({ server_url: 'https://mcp.example/v1?[redacted]', authorization: '[redacted]' });
      expect(interpreter).to.deep.include({
        container: { type: 'auto', network_policy: { ...policy, domain_secrets: ['[redacted]'] } },
      });
      expect(login).to.deep.include({ parameters: { properties: { authorization: { type: 'string' } } } });
    }
  });
});

/** The attributes without those that differ by time or only streams have. */
function comparable({ name, attributes }: ReadableSpan): object {
  const same = Object.entries(attributes).filter(([key]) => !OF_STREAMS.includes(key) && key !== 'aws.request_id');
  const { 'mlflow.spanInputs': inputs, 'mlflow.spanOutputs': outputs, ...others } = Object.fromEntries(same);
  const { stream: _, stream_options: __, ...input } = JSON.parse(String(inputs));
  return { name, ...others, input, output: withoutLogprobs(JSON.parse(String(outputs))) };
}

/** A streamed completion has no member that is null in each chunk, and no index of its choices. */
function withoutLogprobs(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(
      Object.entries(member).filter(
        ([key, inner]) => inner !== null && !['object', 'tool_calls', 'index'].includes(key),
      ),
    );
  });
}

function sentEvents(events: readonly ({ readonly type: string } & object)[]): SimulatedResponse {
  return {
    headers: { 'content-type': 'text/event-stream' },
    events: events.map((event) => Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)),
  };
}
