import {
  type ContentBlock,
  ConverseCommand,
  ConverseStreamCommand,
  type Message,
  type Tool,
} from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import {
  client,
  closeAll,
  collect,
  HTTP_VERSIONS,
  invoke,
  invokeStream,
  type Json,
  simulator,
  userMessage,
} from './support.js';

const CITY_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
  required: ['city'],
};
const TOOLS: Tool[] = ['get_weather', 'get_local_time'].map((name) => ({
  toolSpec: { name, description: name, inputSchema: { json: CITY_SCHEMA } },
}));

function toolUses(content: readonly ContentBlock[] | undefined) {
  return (content ?? []).flatMap(({ toolUse }) =>
    toolUse ? [{ name: toolUse.name, input: toolUse.input as unknown }] : [],
  );
}

function results(content: readonly ContentBlock[] | undefined, answer: (city: string) => Json): ContentBlock[] {
  return (content ?? []).flatMap(({ toolUse }) =>
    toolUse
      ? [
          {
            toolResult: {
              toolUseId: toolUse.toolUseId,
              content: [{ json: answer(String((toolUse.input as Json)['city'])) as never }],
            },
          },
        ]
      : [],
  );
}

describe('the weather agent', () => {
  afterEach(closeAll);

  for (const version of HTTP_VERSIONS) {
    it(`calls one tool for each city, then another tool, then answers from the results over HTTP/${version}`, async () => {
      const bedrock = client((await simulator()).url, version);
      const messages: Message[] = [userMessage('What is the weather and the local time in Paris and San Francisco?')];
      const turn = async () => {
        const output = await bedrock.send(
          new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages, toolConfig: { tools: TOOLS } }),
        );
        messages.push(output.output?.message as Message);
        return output;
      };

      const first = await turn();
      expect(first.stopReason).to.equal('tool_use');
      expect(first.output?.message?.content?.[0]?.text).to.equal(
        'I will call get_weather for Paris and San Francisco.',
      );
      expect(toolUses(first.output?.message?.content)).to.deep.equal([
        { name: 'get_weather', input: { city: 'Paris' } },
        { name: 'get_weather', input: { city: 'San Francisco' } },
      ]);
      messages.push({
        role: 'user',
        content: results(first.output?.message?.content, (city) => ({ temperature: city.length, condition: 'sunny' })),
      });

      const second = await turn();
      expect(toolUses(second.output?.message?.content).map(({ name }) => name)).to.deep.equal([
        'get_local_time',
        'get_local_time',
      ]);
      messages.push({ role: 'user', content: results(second.output?.message?.content, () => ({ time: '12:00' })) });

      const last = await turn();
      expect(last.stopReason).to.equal('end_turn');
      expect(last.output?.message?.content).to.deep.equal([
        {
          text: 'Here is what I found. Paris: temperature 5, condition sunny. San Francisco: temperature 13, condition sunny. Paris: time 12:00. San Francisco: time 12:00. (Scripted by the local Bedrock simulator; no model ran.)',
        },
      ]);
      expect(last.usage?.inputTokens).to.be.greaterThan(second.usage?.inputTokens ?? 0);
    });
  }

  it('streams the same tool calls that it returns without a stream', async () => {
    const bedrock = client((await simulator()).url);
    const request = {
      modelId: 'm',
      messages: [userMessage('Weather in tokyo and Springfield, please')],
      toolConfig: { tools: TOOLS.slice(0, 1) },
    };
    const whole = await bedrock.send(new ConverseCommand(request));
    const events = await collect((await bedrock.send(new ConverseStreamCommand(request))).stream);
    const calls = events
      .flatMap(({ contentBlockStart }) => contentBlockStart ?? [])
      .map(({ contentBlockIndex, start }) => ({
        toolUse: {
          ...start?.toolUse,
          input: JSON.parse(
            events
              .map(({ contentBlockDelta: delta }) =>
                delta?.contentBlockIndex === contentBlockIndex ? (delta?.delta?.toolUse?.input ?? '') : '',
              )
              .join(''),
          ) as unknown,
        },
      }));
    expect(calls).to.deep.equal(whole.output?.message?.content?.slice(1));
    expect(toolUses(whole.output?.message?.content).map(({ input }) => input)).to.deep.equal([
      { city: 'Tokyo' },
      { city: 'Springfield' },
    ]);
    expect(events.at(-2)?.messageStop?.stopReason).to.equal('tool_use');
    expect(events.at(-1)?.metadata?.usage).to.deep.equal(whole.usage);
  });

  it('mentions a failed tool in its answer', async () => {
    const bedrock = client((await simulator()).url);
    const toolUse = { toolUseId: 't1', name: 'get_weather', input: { city: 'Atlantis' } };
    const messages: Message[] = [
      userMessage('What is the weather in Atlantis?'),
      { role: 'assistant', content: [{ toolUse }] },
      {
        role: 'user',
        content: [{ toolResult: { toolUseId: 't1', status: 'error', content: [{ text: 'no such city' }] } }],
      },
    ];
    const output = await bedrock.send(
      new ConverseCommand({ modelId: 'm', messages, toolConfig: { tools: TOOLS.slice(0, 1) } }),
    );
    expect(output.output?.message?.content?.[0]?.text).to.match(
      /^Here is what I found\. Atlantis: the tool failed \(no such city\)\./,
    );
  });

  it('answers without a tool if the question asks for none', async () => {
    const bedrock = client((await simulator()).url);
    const output = await bedrock.send(
      new ConverseCommand({ modelId: 'm', messages: [userMessage('Hello')], toolConfig: { tools: TOOLS } }),
    );
    expect(output.stopReason).to.equal('end_turn');
  });

  it('drops the tool calls if the token limit cuts the turn', async () => {
    const bedrock = client((await simulator()).url);
    const request = { modelId: 'm', messages: [userMessage('Weather in Oslo?')], toolConfig: { tools: TOOLS } };
    const output = await bedrock.send(new ConverseCommand({ ...request, inferenceConfig: { maxTokens: 3 } }));
    expect(output.stopReason).to.equal('max_tokens');
    expect(output.output?.message?.content).to.deep.equal([{ text: 'I will call' }]);
  });

  it('calls the tool that the request requires', async () => {
    const bedrock = client((await simulator()).url);
    const toolChoice = { tool: { name: 'get_local_time' } };
    const request = {
      modelId: 'm',
      messages: [userMessage('Weather in Oslo?')],
      toolConfig: { tools: TOOLS, toolChoice },
    };
    const output = await bedrock.send(new ConverseCommand(request));
    expect(toolUses(output.output?.message?.content)).to.deep.equal([
      { name: 'get_local_time', input: { city: 'Oslo' } },
    ]);
  });

  it('calls tools and answers in the format of Anthropic Messages', async () => {
    const bedrock = client((await simulator()).url);
    const modelId = 'anthropic.claude-3-haiku-20240307-v1:0';
    const tools = [{ name: 'get_weather', input_schema: CITY_SCHEMA }];
    const request = {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 500,
      tools,
      messages: [{ role: 'user', content: 'Weather in Paris and Rome?' }],
    };
    const whole = await invoke(bedrock, modelId, request);
    const content = whole['content'] as Json[];
    expect(whole['stop_reason']).to.equal('tool_use');
    expect(content.map(({ type, input }) => [type, input])).to.deep.equal([
      ['text', undefined],
      ['tool_use', { city: 'Paris' }],
      ['tool_use', { city: 'Rome' }],
    ]);

    const chunks = await invokeStream(bedrock, modelId, request);
    const pieces = chunks
      .filter(({ index, delta }) => index === 2 && delta)
      .map(({ delta }) => (delta as Json)['partial_json']);
    expect(JSON.parse(pieces.join(''))).to.deep.equal({ city: 'Rome' });
    expect(chunks.find(({ type }) => type === 'message_delta')?.['usage']).to.deep.equal({
      output_tokens: (whole['usage'] as Json)['output_tokens'],
    });

    const toolResults = content
      .slice(1)
      .map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: '20 degrees' }));
    const messages = [...request.messages, { role: 'assistant', content }, { role: 'user', content: toolResults }];
    const answer = await invoke(bedrock, modelId, { ...request, messages });
    expect((answer['content'] as Json[])[0]?.['text']).to.match(
      /^Here is what I found\. Paris: 20 degrees\. Rome: 20 degrees\./,
    );
  });

  it('calls tools and answers in the format of Amazon Nova', async () => {
    const bedrock = client((await simulator()).url);
    const modelId = 'amazon.nova-micro-v1:0';
    const request = { messages: [userMessage('Weather in Paris and Rome?')], toolConfig: { tools: TOOLS.slice(0, 1) } };
    const whole = (await invoke(bedrock, modelId, request)) as {
      stopReason?: string;
      output?: { message?: { role: string; content: ContentBlock[] } };
    };
    const message = whole.output?.message;
    expect(whole.stopReason).to.equal('tool_use');
    expect(toolUses(message?.content).map(({ input }) => input)).to.deep.equal([{ city: 'Paris' }, { city: 'Rome' }]);

    const chunks = await invokeStream(bedrock, modelId, request);
    const inputs = chunks.flatMap(
      (chunk) =>
        (chunk as { contentBlockDelta?: { delta?: { toolUse?: { input: string } } } }).contentBlockDelta?.delta
          ?.toolUse ?? [],
    );
    expect(inputs.map(({ input }) => JSON.parse(input) as unknown)).to.deep.equal([
      { city: 'Paris' },
      { city: 'Rome' },
    ]);

    const messages = [
      ...request.messages,
      message,
      { role: 'user', content: results(message?.content, () => ({ temperature: 20 })) },
    ];
    const answer = await invoke(bedrock, modelId, { ...request, messages });
    expect(JSON.stringify(answer)).to.include('Paris: temperature 20. Rome: temperature 20.');
  });
});
