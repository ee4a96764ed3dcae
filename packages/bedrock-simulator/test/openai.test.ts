/** OpenAI's API, as OpenAI's SDK sees it. */

import { expect } from 'chai';
import OpenAI, { APIError, RateLimitError } from 'openai';
import { closeAll, collect, failure, simulator } from './support.js';

const MODEL = 'openai.gpt-oss-120b';
const QUESTION = 'What is the capital of France?';
const ANSWER = 'The capital of France is Paris. (Scripted by the local Bedrock simulator; no model ran.)';
const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const WEATHER = 'What is the weather in Paris and Tokyo?';

function client(endpoint: string, root = '/v1', maxRetries = 0): OpenAI {
  return new OpenAI({ baseURL: endpoint + root, apiKey: 'simulator', maxRetries });
}

async function openai(root?: string): Promise<OpenAI> {
  return client((await simulator()).url, root);
}

describe("OpenAI's API", () => {
  afterEach(closeAll);

  for (const root of ['/v1', '/openai/v1']) {
    it(`answers below ${root}`, async () => {
      const api = await openai(root);
      const { id, object, model, choices, usage, _request_id } = await api.chat.completions.create({
        model: MODEL,
        messages: [{ role: 'user', content: QUESTION }],
      });
      expect({ object, model, usage }).to.deep.equal({
        object: 'chat.completion',
        model: MODEL,
        usage: {
          prompt_tokens: 8,
          completion_tokens: 24,
          total_tokens: 32,
          prompt_tokens_details: { cached_tokens: 0 },
          completion_tokens_details: { reasoning_tokens: 0 },
        },
      });
      expect(id).to.match(/^chatcmpl-\w+$/);
      expect(_request_id).to.match(/^req_\w+$/);
      expect(choices.map(({ message, finish_reason }) => [message.content, finish_reason])).to.deep.equal([
        [ANSWER, 'stop'],
      ]);
    });
  }

  it('streams a chat with its reasoning, and usage if the request asks for it', async () => {
    const api = await openai();
    const body = {
      model: MODEL,
      messages: [{ role: 'user' as const, content: QUESTION }],
      reasoning_effort: 'low' as const,
    };
    const whole = await api.chat.completions.create(body);
    const chunks = await collect(await api.chat.completions.create({ ...body, stream: true }));
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).to.equal(ANSWER);
    const thoughts = chunks.map((chunk) => reasoningOf(chunk.choices[0]?.delta));
    expect(thoughts.join('')).to.equal(reasoningOf(whole.choices[0]?.message)).and.not.equal('');
    expect(chunks.some((chunk) => chunk.usage)).to.equal(false);
    const asked = { ...body, stream: true as const, stream_options: { include_usage: true } };
    const last = (await collect(await api.chat.completions.create(asked))).at(-1);
    expect(last?.usage).to.deep.equal(whole.usage);
    expect(last?.usage?.completion_tokens_details?.reasoning_tokens).to.be.greaterThan(0);
  });

  it('runs the tools of an application with the helper of the SDK', async () => {
    const api = await openai();
    const runner = api.chat.completions.runTools({
      model: MODEL,
      messages: [{ role: 'user', content: WEATHER }],
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'The weather of a city',
            parameters: PARAMETERS,
            parse: JSON.parse,
            function: ({ city }: { city: string }) => ({ sky: `${city} is sunny` }),
          },
        },
      ],
    });
    expect(await runner.finalContent()).to.match(/Paris: sky Paris is sunny\. Tokyo: sky Tokyo is sunny\./);
  });

  it('streams text completions', async () => {
    const api = await openai();
    const body = { model: MODEL, prompt: QUESTION };
    const whole = await api.completions.create(body);
    const options = { stream: true as const, stream_options: { include_usage: true } };
    const chunks = await collect(await api.completions.create({ ...body, ...options }));
    expect(whole.choices[0]?.text).to.equal(ANSWER);
    expect(chunks.map((chunk) => chunk.choices[0]?.text ?? '').join('')).to.equal(ANSWER);
    expect(chunks.at(-1)?.usage).to.deep.equal(whole.usage);
  });

  it('returns embeddings as numbers and as base64, in the length that the request asks for', async () => {
    const api = await openai();
    const body = { model: 'cohere.embed-v4:0', input: ['refund', 'refunds'], dimensions: 8 };
    const decoded = await api.embeddings.create(body);
    const numbers = await api.embeddings.create({ ...body, encoding_format: 'float' });
    expect(decoded.data.map(({ embedding }) => embedding.length)).to.deep.equal([8, 8]);
    expect(decoded.data[0]?.embedding).to.deep.equal(numbers.data[0]?.embedding.map(Math.fround));
    expect(numbers.usage).to.deep.equal({ prompt_tokens: 3, total_tokens: 3 });
  });

  it('has the last requests with service, operation and model', async () => {
    const running = await simulator();
    await client(running.url).responses.create({ model: MODEL, input: 'Hi' });
    const [{ service, operation, modelId } = {}] = running.requests;
    expect({ service, operation, modelId }).to.deep.equal({
      service: 'openai',
      operation: 'responses',
      modelId: MODEL,
    });
  });
});

describe('the Responses API', () => {
  afterEach(closeAll);

  it('answers and streams the same response', async () => {
    const api = await openai();
    const body = { model: MODEL, input: QUESTION, instructions: 'Be short.', reasoning: { effort: 'low' as const } };
    const whole = await api.responses.create(body);
    expect(whole.output.map(({ type }) => type)).to.deep.equal(['reasoning', 'message']);
    expect(whole.output_text).to.equal(ANSWER);
    expect(whole.status).to.equal('completed');
    expect(whole.usage?.output_tokens_details.reasoning_tokens).to.be.greaterThan(0);
    const stream = api.responses.stream(body);
    const events = await collect(stream);
    const { output_text: _, ...streamed } = await stream.finalResponse();
    const texts = events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : ''));
    expect(texts.join('')).to.equal(ANSWER);
    expect(streamed.output.map(({ id }) => id)).to.deep.equal(whole.output.map(({ id }) => id));
    expect(streamed.usage).to.deep.equal(whole.usage);
    expect(events.at(0)?.type).to.equal('response.created');
    expect(events.at(-1)?.type).to.equal('response.completed');
    expect(events.map(({ sequence_number }) => sequence_number)).to.deep.equal(events.map((_event, index) => index));
  });

  it('calls functions, and goes on with the conversation by the id of the answer', async () => {
    const api = await openai();
    const tool = { type: 'function' as const, name: 'get_weather', parameters: PARAMETERS, strict: true };
    const first = await api.responses.create({ model: MODEL, input: WEATHER, tools: [tool] });
    const calls = first.output.filter((item) => item.type === 'function_call');
    expect(calls.map(({ name, arguments: args }) => [name, args])).to.deep.equal([
      ['get_weather', '{"city":"Paris"}'],
      ['get_weather', '{"city":"Tokyo"}'],
    ]);
    const input = calls.map(({ call_id }) => ({ type: 'function_call_output' as const, call_id, output: '{"t":21}' }));
    const last = await api.responses.create({
      ...{ model: MODEL, input, tools: [tool] },
      previous_response_id: first.id,
    });
    expect(last.output_text).to.match(/^Here is what I found\. Paris: t 21\. Tokyo: t 21\./);
    const unknown = api.responses.create({ model: MODEL, input: 'Hi', previous_response_id: 'resp_unknown' });
    expect((await failure(unknown)).message).to.equal("400 Previous response with id 'resp_unknown' not found.");
  });

  it('ends an answer that is too long as incomplete', async () => {
    const api = await openai();
    const body = { model: MODEL, input: QUESTION, max_output_tokens: 3 };
    const { status, incomplete_details, output_text } = await api.responses.create(body);
    expect({ status, incomplete_details }).to.deep.equal({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
    expect(output_text).to.equal('The capital');
    const events = await collect(await api.responses.create({ ...body, stream: true }));
    expect(events.at(-1)?.type).to.equal('response.incomplete');
  });

  it('reads a prompt from the cache if the request names a key', async () => {
    const api = await openai();
    const cached = async (input: string) => {
      const body = { model: MODEL, instructions: 'Be short and kind.', input, prompt_cache_key: 'shop' };
      const { usage } = await api.responses.create(body);
      return [usage?.input_tokens, usage?.input_tokens_details.cached_tokens];
    };
    expect(await cached('Hi')).to.deep.equal([6, 0]);
    expect(await cached('Hello you')).to.deep.equal([7, 5]);
  });
});

describe("scenarios of OpenAI's API", () => {
  afterEach(closeAll);
  const body = { model: MODEL, messages: [{ role: 'user' as const, content: 'Hi' }] };

  it('throttle requests in the form of the API until the SDK has tried often enough', async () => {
    const running = await simulator();
    const endpoint = running.endpoint({ scenario: 'throttling', parameters: { times: 2 } });
    const error = await failure(client(endpoint).chat.completions.create(body));
    expect(error).to.be.instanceOf(RateLimitError);
    expect(error).to.include({ status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' });
    expect(error).to.have.property('requestID').that.match(/^req_/);
    const answer = await client(endpoint, '/v1', 1).chat.completions.create(body);
    expect(answer.choices[0]?.finish_reason).to.equal('stop');
    expect(running.requests).to.have.length(3);
  });

  it('send an error within a stream as an event that the SDK throws', async () => {
    const running = await simulator();
    const parameters = { after: 2, type: 'modelStreamErrorException' };
    const api = client(running.endpoint({ scenario: 'mid-stream-error', parameters }));
    const error = await failure(api.responses.create({ model: MODEL, input: 'Hi', stream: true }).then(collect));
    expect(error).to.be.instanceOf(APIError);
    expect(error.message).to.equal('An error occurred while streaming the response.');
    expect(error).to.include({ code: 'server_error' });
  });

  it('cut a stream off and reset its connection', async () => {
    const running = await simulator();
    const read = async (scenario: string) =>
      collect(
        await client(running.endpoint({ scenario, parameters: { after: 2 } })).chat.completions.create({
          ...body,
          stream: true,
        }),
      );
    expect(await read('truncated')).to.have.length(2);
    await failure(read('reset'));
  });

  it('stream as many pieces as the scenario prescribes', async () => {
    const running = await simulator();
    const api = client(running.endpoint({ scenario: 'stream', parameters: { chunks: 4 } }));
    const chunks = await collect(await api.chat.completions.create({ ...body, stream: true }));
    expect(chunks.filter((chunk) => chunk.choices[0]?.delta.content)).to.have.length(4);
  });

  it('report a body that is no JSON object', async () => {
    const { url } = await simulator();
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body: '[]' });
    expect([response.status, await response.json()]).to.deep.equal([
      400,
      {
        error: {
          code: 'validation_error',
          message: 'Malformed input request, please reformat your input and try again.',
          param: null,
          type: 'invalid_request_error',
        },
      },
    ]);
  });
});

/** Bedrock's models with open weights have a member that the types of the SDK lack. */
function reasoningOf(message: unknown): string {
  return (message as { reasoning?: string } | undefined)?.reasoning ?? '';
}
