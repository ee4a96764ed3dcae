import { expect } from 'chai';
import { at } from './dialect-cases.js';
import { client, closeAll, invoke, invokeStream, type Json, simulator } from './support.js';

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const TOOLS = ['get_weather', 'get_local_time'].map((name) => ({
  type: 'function',
  function: { name, description: name, parameters: PARAMETERS },
}));
const QUESTION = { role: 'user', content: 'What is the weather in Paris and Tokyo?' };

/** The models, each with its name for the finish reason. */
const MODELS = [
  ['openai.gpt-oss-120b-1:0', 'finish_reason'],
  ['qwen.qwen3-32b-v1:0', 'finish_reason'],
  ['us.writer.palmyra-x5-v1:0', 'finish_reason'],
  ['ai21.jamba-1-5-large-v1:0', 'finish_reason'],
  ['us.mistral.pixtral-large-2502-v1:0', 'stop_reason'],
] as const;

interface Call {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

describe('the weather agent in OpenAI chats', () => {
  afterEach(closeAll);

  for (const [modelId, reason] of MODELS) {
    it(`calls a tool for each city and answers from the results with ${modelId}`, async () => {
      const bedrock = client((await simulator()).url);
      const messages: Json[] = [QUESTION];
      const first = await invoke(bedrock, modelId, { messages, tools: TOOLS });
      expect(at(first, 'choices', 0, reason)).to.equal('tool_calls');
      const calls = at(first, 'choices', 0, 'message', 'tool_calls') as Call[];
      expect(calls.map((call) => call.function)).to.deep.equal([
        { name: 'get_weather', arguments: '{"city":"Paris"}' },
        { name: 'get_weather', arguments: '{"city":"Tokyo"}' },
      ]);
      messages.push(at(first, 'choices', 0, 'message') as Json);
      messages.push(...calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: '{"temperature":21}' })));
      const last = await invoke(bedrock, modelId, { messages, tools: TOOLS });
      expect(at(last, 'choices', 0, reason)).to.equal('stop');
      expect(at(last, 'choices', 0, 'message', 'content')).to.match(
        /^Here is what I found\. Paris: temperature 21\. Tokyo: temperature 21\./,
      );
      expect(Number(at(last, 'usage', 'prompt_tokens'))).to.be.greaterThan(Number(at(first, 'usage', 'prompt_tokens')));
    });

    it(`streams the same calls and usage that it returns without a stream with ${modelId}`, async () => {
      const bedrock = client((await simulator()).url);
      const body = { messages: [QUESTION], tools: TOOLS };
      const whole = await invoke(bedrock, modelId, body);
      const chunks = await invokeStream(bedrock, modelId, body);
      const pieces = chunks.flatMap((chunk) => (at(chunk, 'choices', 0, 'delta', 'tool_calls') ?? []) as IndexedCall[]);
      const joined = [0, 1].map((index) => join(pieces.filter((piece) => piece.index === index)));
      expect(joined).to.deep.equal(at(whole, 'choices', 0, 'message', 'tool_calls'));
      expect(chunks.map((chunk) => at(chunk, 'choices', 0, reason)).filter(Boolean)).to.deep.equal(['tool_calls']);
      expect(chunks.map((chunk) => chunk['usage']).findLast(Boolean)).to.deep.equal(whole['usage']);
    });
  }

  it('calls the tool that the request requires', async () => {
    const bedrock = client((await simulator()).url);
    const called = async (tool_choice: unknown) => {
      const body = { messages: [{ role: 'user', content: 'Hello' }], tools: TOOLS, tool_choice };
      const answer = await invoke(bedrock, 'openai.gpt-oss-20b-1:0', body);
      return at(answer, 'choices', 0, 'message', 'tool_calls', 0, 'function', 'name');
    };
    expect(await called('auto')).to.equal(undefined);
    expect(await called('required')).to.equal('get_weather');
    expect(await called('any')).to.equal('get_weather');
    expect(await called({ type: 'function', function: { name: 'get_local_time' } })).to.equal('get_local_time');
  });

  it('counts the tokens of an image in a message', async () => {
    const bedrock = client((await simulator()).url);
    const content = [
      { type: 'text', text: 'one two' },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
    ];
    const body = { messages: [{ role: 'user', content }] };
    const answer = await invoke(bedrock, 'us.mistral.pixtral-large-2502-v1:0', body);
    expect(at(answer, 'usage', 'prompt_tokens')).to.equal(102);
  });
});

interface IndexedCall extends Call {
  readonly index: number;
}

/** Returns the first piece of a call with the arguments of all pieces. */
function join(pieces: readonly IndexedCall[]): Json {
  const { index: _index, ...first } = pieces[0] as IndexedCall;
  return {
    ...first,
    function: { ...first.function, arguments: pieces.map((piece) => piece.function.arguments).join('') },
  };
}
