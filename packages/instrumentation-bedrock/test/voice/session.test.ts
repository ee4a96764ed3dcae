/** Voice sessions (InvokeModelWithBidirectionalStream): what a span records of them. */

import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { AlwaysOffSampler, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, type StreamEvent, silence, speak, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { messageViolations } from '../support/message-schema.js';
import { collect, createClient, json, startTracing, type Tracing, type TracingOptions } from '../support/tracing.js';
import {
  audioInput,
  COMPLETION_ID,
  closing,
  command,
  converse,
  eventOf,
  type Json,
  MODEL,
  opening,
  PROMPT_NAME,
  SESSION_ID,
  type Step,
  scriptedSimulator,
  sending,
  service,
  spoken,
  textInput,
  toolResult,
} from '../support/voice.js';

const WEATHER = {
  toolSpec: {
    name: 'get_weather',
    description: 'The weather of a city.',
    inputSchema: { json: '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}' },
  },
};

describe('a voice session', () => {
  let simulator: Simulator | undefined;
  let tracing: Tracing;
  let client: BedrockRuntimeClient | undefined;
  const start = (options?: TracingOptions): void => {
    tracing = startTracing(options);
  };
  /** Runs one session and returns its span. */
  const run = async (input: readonly Step[], steps: readonly Step[]): Promise<ReadableSpan> => {
    simulator = await scriptedSimulator(steps);
    client = createClient(simulator.url);
    await converse(client, input);
    const [span, ...others] = tracing.spans();
    expect(others).to.deep.equal([]);
    return span!;
  };
  afterEach(async () => {
    client?.destroy();
    await simulator?.close();
    await tracing.close();
  });

  const input: Step[] = [
    ...opening({ tools: [WEATHER] }),
    ...audioInput([speak('How is the weather in Paris?'), silence(500)]),
    { wait: 'toolUse' },
    ...toolResult('call-1', '{"temperature":21}'),
    ...closing,
  ];
  const steps: Step[] = [
    { wait: 'audioInput' },
    service.start(),
    ...service.text('USER', 'FINAL', 'how is the weather'),
    ...service.text('USER', 'FINAL', 'in paris?'),
    service.usage([70, 20, 0, 0]),
    ...service.toolUse('get_weather', 'call-1', '{"city":"Paris","id":12345678901234567890}'),
    { wait: 'toolResult' },
    ...service.text('ASSISTANT', 'SPECULATIVE', 'It is 21 degrees.'),
    ...service.audio([Buffer.alloc(4800), Buffer.alloc(4800)]),
    ...service.text('ASSISTANT', 'SPECULATIVE', 'Anything else?'),
    ...service.audio([Buffer.alloc(4800)], 'END_TURN'),
    service.usage([75, 30, 40, 25]),
    ...service.text('ASSISTANT', 'FINAL', 'It is 21 degrees.'),
    ...service.text('ASSISTANT', 'FINAL', 'Anything else?', 'END_TURN'),
    service.usage([80, 35, 55, 30]),
    { wait: 'sessionEnd' },
    service.end(),
  ];

  it('is one span with model, voice, parameters, ids, figures and an unset status', async () => {
    start();
    const span = await run(input, steps);
    expect(span.name).to.equal(`chat ${MODEL}`);
    expect(span.kind).to.equal(2);
    expect(span.status).to.deep.equal({ code: 0 });
    expect(span.attributes).to.include({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': MODEL,
      'gen_ai.request.stream': true,
      'gen_ai.output.type': 'speech',
      'gen_ai.request.max_tokens': 1024,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.temperature': 0.7,
      'gen_ai.conversation.id': SESSION_ID,
      'gen_ai.response.id': COMPLETION_ID,
      'gen_ai.usage.input_tokens': 115,
      'gen_ai.usage.output_tokens': 85,
      'gen_ai.usage.text.input_tokens': 35,
      'gen_ai.usage.audio.input_tokens': 80,
      'gen_ai.usage.text.output_tokens': 30,
      'gen_ai.usage.audio.output_tokens': 55,
      'aws.bedrock.voice.id': 'matthew',
      'aws.bedrock.voice.audio.input.sample_rate': 16_000,
      'aws.bedrock.voice.audio.output.sample_rate': 24_000,
      'aws.bedrock.voice.endpointing_sensitivity': 'HIGH',
      'aws.bedrock.request.tool_choice': 'auto',
      'aws.bedrock.voice.prompt.name': PROMPT_NAME,
      'aws.bedrock.voice.user_turn.count': 1,
      'aws.bedrock.voice.assistant_turn.count': 1,
      'aws.bedrock.voice.interruption.count': 0,
      'aws.bedrock.voice.tool_call.count': 1,
      'aws.bedrock.voice.audio.output.duration': 0.3,
      'mlflow.spanType': 'CHAT_MODEL',
      'mlflow.message.format': 'bedrock',
    });
    expect(span.attributes['aws.bedrock.voice.audio.input.duration']).to.be.closeTo(28 * 0.02 + 0.5, 1e-9);
    expect(span.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['END_TURN']);
    expect(json(span, 'mlflow.chat.tokenUsage')).to.deep.equal({
      input_tokens: 115,
      output_tokens: 85,
      total_tokens: 200,
    });
    expect(span.attributes).to.include.keys('gen_ai.response.time_to_first_chunk', 'server.address', 'aws.request_id');
  });

  it('has each turn once, with tool calls and results, as messages of the conventions', async () => {
    start();
    const span = await run(input, steps);
    expect(messageViolations(span)).to.deep.equal([]);
    expect(json(span, 'gen_ai.system_instructions')).to.deep.equal([{ type: 'text', content: 'Be brief.' }]);
    expect(json(span, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'how is the weather in paris?' }] },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call-1', response: '{"temperature":21}' }] },
    ]);
    const text = String(span.attributes['gen_ai.output.messages']);
    expect(text).to.include('"id":12345678901234567890');
    expect(json(span, 'gen_ai.output.messages')).to.deep.equal([
      {
        role: 'assistant',
        parts: [
          {
            type: 'tool_call',
            id: 'call-1',
            name: 'get_weather',
            arguments: JSON.parse('{"city":"Paris","id":12345678901234567890}') as unknown,
          },
        ],
        finish_reason: 'tool_call',
      },
      {
        role: 'assistant',
        parts: [{ type: 'text', content: 'It is 21 degrees. Anything else?' }],
        finish_reason: 'stop',
      },
    ]);
    expect(json(span, 'gen_ai.tool.definitions')).to.deep.equal([
      {
        type: 'function',
        name: 'get_weather',
        description: 'The weather of a city.',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
    ]);
  });

  it('is a conversation in MLflow: what was said in its order, and the last answer as output', async () => {
    start();
    const span = await run(input, steps);
    const inputs = json(span, 'mlflow.spanInputs') as { messages: Json[] };
    expect(inputs).to.deep.include({ modelId: MODEL, system: [{ text: 'Be brief.' }] });
    expect(inputs.messages.map(({ role, content }) => ({ role, content }))).to.deep.equal([
      { role: 'system', content: [{ text: 'Be brief.' }] },
      { role: 'user', content: [{ text: 'how is the weather in paris?' }] },
      {
        role: 'assistant',
        content: [
          {
            toolUse: {
              toolUseId: 'call-1',
              name: 'get_weather',
              input: JSON.parse('{"city":"Paris","id":12345678901234567890}') as unknown,
            },
          },
        ],
      },
      { role: 'user', content: [{ toolResult: { toolUseId: 'call-1', content: [{ text: '{"temperature":21}' }] } }] },
    ]);
    expect(json(span, 'mlflow.spanOutputs')).to.deep.nested.include({
      'output.message.role': 'assistant',
      'output.message.content': [{ text: 'It is 21 degrees. Anything else?' }],
    });
    expect(json(span, 'mlflow.chat.tools')).to.have.nested.property('[0].function.name', 'get_weather');
  });

  it('has an event for each turn, tool call and tool result, and nothing of its audio', async () => {
    start();
    const span = await run(input, steps);
    expect(span.events.map(({ name }) => name.replace('aws.bedrock.voice.', ''))).to.deep.equal([
      'turn',
      'tool_call',
      'tool_result',
      'turn',
    ]);
    const [user, call, result, assistant] = span.events.map(({ attributes }) => attributes ?? {});
    expect(user).to.include({ 'aws.bedrock.voice.turn.role': 'user' });
    expect(JSON.parse(String(user?.['json']))).to.deep.equal([{ text: 'how is the weather in paris?' }]);
    expect(call).to.include({ 'gen_ai.tool.name': 'get_weather', 'gen_ai.tool.call.id': 'call-1' });
    expect(String(result?.['json'])).to.include('temperature');
    expect(assistant?.['gen_ai.response.finish_reasons']).to.deep.equal(['END_TURN']);
    const record = JSON.stringify([span.attributes, span.events]);
    expect(record).to.not.match(/AAAAAAAA|audioInput"|audioOutput"|bytes not recorded/);
  });

  it('takes what was planned if no transcript follows, and what was spoken if the user interrupts', async () => {
    start();
    const span = await run(
      [...opening(), ...closing],
      [
        { wait: 'sessionEnd' },
        service.start(),
        ...service.text('USER', 'FINAL', 'Tell me a story.'),
        ...service.text('ASSISTANT', 'SPECULATIVE', 'Once upon a time.'),
        ...service.audio([Buffer.alloc(480)]),
        ...service.text('ASSISTANT', 'SPECULATIVE', 'There was a king.'),
        ...service.audio([Buffer.alloc(480)], 'INTERRUPTED'),
        ...service.text('USER', 'FINAL', 'Stop.'),
        ...service.text('ASSISTANT', 'FINAL', 'Once upon a'),
        ...service.text('ASSISTANT', 'FINAL', '{ "interrupted" : true }', 'INTERRUPTED'),
        ...service.text('ASSISTANT', 'SPECULATIVE', 'Fine.'),
        ...service.audio([Buffer.alloc(480)], 'END_TURN'),
        service.end(),
      ],
    );
    expect(span.status.code).to.equal(0);
    expect(span.attributes).to.include({
      'aws.bedrock.voice.interruption.count': 1,
      'aws.bedrock.voice.user_turn.count': 2,
      'aws.bedrock.voice.assistant_turn.count': 2,
    });
    expect(json(span, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'Once upon a' }], finish_reason: 'INTERRUPTED' },
      { role: 'assistant', parts: [{ type: 'text', content: 'Fine.' }], finish_reason: 'stop' },
    ]);
    const { messages } = json(span, 'mlflow.spanInputs') as { messages: Json[] };
    expect(messages.map(({ content }) => content)).to.deep.equal([
      [{ text: 'Be brief.' }],
      [{ text: 'Tell me a story.' }],
      [{ text: 'Once upon a' }],
      [{ text: 'Stop.' }],
    ]);
    const interruptions = span.events.filter(({ name }) => name === 'aws.bedrock.voice.interruption');
    expect(interruptions).to.have.lengthOf(1);
  });

  it('takes a whole transcript for what was planned in pieces', async () => {
    start();
    const span = await run(
      [...opening(), ...closing],
      [
        { wait: 'sessionEnd' },
        service.start(),
        ...service.text('ASSISTANT', 'SPECULATIVE', 'One, two.'),
        ...service.text('ASSISTANT', 'SPECULATIVE', 'Three, four.'),
        ...service.audio([Buffer.alloc(480)], 'END_TURN'),
        ...service.text('ASSISTANT', 'FINAL', 'One, two. Three, four.', 'END_TURN'),
        service.end(),
      ],
    );
    expect(json(span, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'One, two. Three, four.' }], finish_reason: 'stop' },
    ]);
  });

  it('has transcripts that come late with the turn that they are of, also behind the next turn', async () => {
    start();
    const span = await run(
      [...opening(), ...closing],
      [
        { wait: 'sessionEnd' },
        service.start(),
        ...service.text('ASSISTANT', 'SPECULATIVE', 'One, two, three.'),
        ...service.audio([Buffer.alloc(480)], 'END_TURN'),
        ...service.text('USER', 'FINAL', 'And then?'),
        ...service.text('ASSISTANT', 'SPECULATIVE', 'Four.'),
        ...service.text('ASSISTANT', 'FINAL', 'One, two'),
        ...service.text('ASSISTANT', 'FINAL', 'Four.', 'END_TURN'),
        service.end(),
      ],
    );
    const output = json(span, 'gen_ai.output.messages') as { parts: { content: string }[] }[];
    expect(output.map(({ parts }) => parts.map(({ content }) => content))).to.deep.equal([['One, two'], ['Four.']]);
  });

  it('is measured if it is not sampled', async () => {
    start({ withMetrics: true, sampler: new AlwaysOffSampler() });
    simulator = await scriptedSimulator(steps);
    client = createClient(simulator.url);
    await converse(client, input);
    expect(tracing.spans()).to.deep.equal([]);
    const tokens = (await tracing.metrics()).get('gen_ai.client.token.usage') ?? [];
    expect(tokens.map(({ value }) => (value as { sum: number }).sum)).to.have.members([115, 85]);
  });

  it('has the result of a tool behind its call, also if the application sent it before', async () => {
    start();
    const early = [...opening(), ...toolResult('call-1', 'a'), ...toolResult('call-2', 'b'), ...closing];
    const span = await run(early, [
      { wait: 'sessionEnd' },
      service.start(),
      ...service.toolUse('f', 'call-2', '{}'),
      ...service.toolUse('f', 'call-1', '{}'),
      service.end('TOOL_USE'),
    ]);
    const { messages } = json(span, 'mlflow.spanInputs') as { messages: { content: [Json] }[] };
    const seen = messages
      .slice(1)
      .flatMap(({ content: [block] }) =>
        Object.entries(block).map(([kind, value]) => `${kind} ${(value as Json)['toolUseId']}`),
      );
    expect(seen).to.deep.equal(['toolUse call-2', 'toolResult call-2', 'toolUse call-1', 'toolResult call-1']);
  });

  it('has text that the application sends, and earlier conversations, as input', async () => {
    start();
    const span = await run(
      [
        ...opening(),
        ...textInput('USER', 'My name is Ada.'),
        ...textInput('ASSISTANT', 'Hello Ada.'),
        ...textInput('USER', 'What is my name?'),
        ...closing,
      ],
      [{ wait: 'sessionEnd' }, service.start(), ...spoken('Ada.'), service.end()],
    );
    expect(json(span, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'My name is Ada.' }] },
      { role: 'assistant', parts: [{ type: 'text', content: 'Hello Ada.' }] },
      { role: 'user', parts: [{ type: 'text', content: 'What is my name?' }] },
    ]);
    expect(json(span, 'gen_ai.output.messages')).to.have.lengthOf(1);
  });

  it('keeps events of later models, and reads models that it does not know', async () => {
    start();
    simulator = await scriptedSimulator([
      { wait: 'sessionEnd' },
      service.start(),
      { emotionEvent: { mood: 'calm' } },
      ...service.text('ASSISTANT', undefined, 'Good day.', 'END_TURN'),
      service.end(),
    ]);
    client = createClient(simulator.url);
    const events = [...opening(), { cameraInput: { frame: 1 } }, ...closing];
    const { body } = await client.send(command(sending(events), 'amazon.nova-9-sonic-v1:0'));
    await collect(body);
    const [span] = tracing.spans();
    expect(span?.name).to.equal('chat amazon.nova-9-sonic-v1:0');
    expect(json(span!, 'mlflow.spanInputs')).to.deep.nested.include({ 'otherEvents.cameraInput': { frame: 1 } });
    expect(json(span!, 'mlflow.spanOutputs')).to.deep.nested.include({
      'otherEvents.emotionEvent': { mood: 'calm' },
      'output.message.content': [{ text: 'Good day.' }],
    });
  });

  it('has figures of an answer without totals, and keeps tools whose schema is no text', async () => {
    for (const [input, output, read] of [
      [{ speechTokens: 7, textTokens: 2 }, { textTokens: 3 }, [9, 3]],
      [{ speechTokens: 7 }, {}, [7, undefined]],
    ] as const) {
      start();
      const tools = [
        { toolSpec: { name: 'lookup', inputSchema: { json: { type: 'object' } } } },
        { systemTool: { name: 'web' } },
      ];
      const span = await run(
        [...opening({ tools }), ...closing],
        [
          { wait: 'sessionEnd' },
          service.start(),
          ...spoken('Hi.'),
          { usageEvent: { details: { total: { input, output } } } },
          service.end(),
        ],
      );
      const { attributes } = span;
      expect([attributes['gen_ai.usage.input_tokens'], attributes['gen_ai.usage.output_tokens']]).to.deep.equal(read);
      expect(json(span, 'gen_ai.tool.definitions')).to.deep.equal([
        { type: 'function', name: 'lookup', parameters: { type: 'object' } },
        { type: 'systemTool', name: 'web' },
      ]);
      client?.destroy();
      await simulator?.close();
      await tracing.close();
    }
  });

  it('counts no seconds of audio that is not PCM, and reads chunks that are no events', async () => {
    start({ config: { recordStreamEvents: true } });
    const mp3 = { contentId: 'c-1', type: 'AUDIO', audioOutputConfiguration: { mediaType: 'audio/mpeg' } };
    const frames: StreamEvent[] = [
      { type: 'chunk', payload: { event: { contentStart: mp3 } } },
      { type: 'chunk', payload: { event: { audioOutput: { contentId: 'c-1', content: 'AAAA' } } } },
      {
        type: 'chunk',
        payload: { event: { contentEnd: { contentId: 'c-1', type: 'AUDIO', stopReason: 'PARTIAL_TURN' } } },
      },
      { type: 'chunk', payload: { bytes: Buffer.from('no JSON').toString('base64') } },
      { type: 'chunk', payload: { bytes: '/////w==' } },
      { type: 'chunk', payload: { textOutput: { role: 'USER', content: 'Hello' } } },
    ];
    simulator = await startSimulator({ respond: () => ({ events: frames }) });
    client = createClient(simulator.url);
    const { body } = await client.send(command(sending([...opening(), { textInput: {} }, ...closing])));
    expect(await collect(body)).to.have.lengthOf(frames.length);
    const [span] = tracing.spans();
    expect(span?.attributes['aws.bedrock.voice.audio.output.duration'] ?? 0).to.equal(0);
    expect(span?.attributes['gen_ai.input.messages']).to.include('Hello');
  });

  it('counts an interruption of a model that has said nothing, and ends no turn that has not begun', async () => {
    start();
    const span = await run(
      [...opening(), ...closing],
      [
        { wait: 'sessionEnd' },
        service.start(),
        ...service.audio([], 'END_TURN'),
        ...service.text('ASSISTANT', 'FINAL', '{ "interrupted" : true }', 'INTERRUPTED'),
        service.end(),
      ],
    );
    expect(span.attributes).to.include({ 'aws.bedrock.voice.interruption.count': 1 });
    expect(span.attributes).to.not.have.property('gen_ai.output.messages');
  });

  it('keeps 32 kinds of events of later models, the last of each', async () => {
    start();
    const later = Array.from({ length: 40 }, (_, at) => ({ [`event${at}`]: { at } }));
    const span = await run(
      [...opening(), ...closing],
      [{ wait: 'sessionEnd' }, service.start(), ...later, { event0: { at: 'last' } }, ...spoken('Hi.'), service.end()],
    );
    const { otherEvents } = json(span, 'mlflow.spanOutputs') as { otherEvents: Json };
    expect(Object.keys(otherEvents)).to.have.lengthOf(32);
    expect(otherEvents['event0']).to.deep.equal({ at: 'last' });
  });

  it('is read from the simulator’s own model as well, with metrics', async () => {
    start({ withMetrics: true });
    simulator = await startSimulator();
    client = createClient(simulator.url);
    const events = [...opening(), ...audioInput([speak('What is the capital of France?')]), ...closing];
    const { body } = await client.send(command(sending(events)));
    const seen = (await collect(body)).map((output) => Object.keys(eventOf(output))[0]);
    expect(seen).to.include.members(['completionStart', 'textOutput', 'audioOutput', 'usageEvent', 'completionEnd']);
    const [span] = tracing.spans();
    expect(json(span!, 'gen_ai.input.messages')).to.have.nested.property(
      '[0].parts[0].content',
      'What is the capital of France?',
    );
    const usage = span?.attributes['gen_ai.usage.output_tokens'];
    const metrics = await tracing.metrics();
    const tokens = metrics.get('gen_ai.client.token.usage') ?? [];
    const output = tokens.find(({ attributes }) => attributes['gen_ai.token.type'] === 'output');
    expect(output?.value).to.deep.include({ sum: usage });
    for (const name of ['gen_ai.client.operation.duration', 'gen_ai.client.operation.time_to_first_chunk']) {
      expect(metrics.get(name)?.[0]?.attributes).to.include({ 'gen_ai.operation.name': 'chat' });
    }
  });
});
