/** Every member of the unions of Converse and ConverseStream is recorded, with its content. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  type BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type SystemContentBlock,
  type Tool,
  type ToolChoice,
  type ToolResultContentBlock,
} from '@aws-sdk/client-bedrock-runtime';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { messageViolations } from '../support/message-schema.js';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

/** A member of a union, and the values that must be found in what is recorded. */
type Members<Union> = Readonly<Record<string, readonly [Union, ...string[]]>>;

const bytes = new Uint8Array([9, 8, 7]);
const BASE64 = 'CQgH';
const SEARCH = {
  source: 'https://tides.example',
  title: 'Tide tables',
  content: [{ text: 'High at noon.' }],
  citations: { enabled: true },
};
const LOCATIONS = {
  web: { web: { url: 'https://cited.example', domain: 'cited.example' } },
  documentChar: { documentChar: { documentIndex: 3, start: 41, end: 59 } },
  documentPage: { documentPage: { documentIndex: 3, start: 42, end: 58 } },
  documentChunk: { documentChunk: { documentIndex: 3, start: 43, end: 57 } },
  searchResultLocation: { searchResultLocation: { searchResultIndex: 3, start: 44, end: 56 } },
};

const CONTENT: Members<ContentBlock> = {
  text: [{ text: 'Plain words.' }, 'Plain words.'],
  image: [{ image: { format: 'png', source: { bytes } } }, BASE64, 'image/png'],
  document: [{ document: { format: 'txt', name: 'log', source: { text: 'Log of the day.' } } }, 'Log of the day.'],
  video: [{ video: { format: 'mp4', source: { s3Location: { uri: 's3://b/v.mp4' } } } }, 's3://b/v.mp4', 'video/mp4'],
  audio: [{ audio: { format: 'wav', source: { bytes } } }, BASE64, 'audio/wav'],
  toolUse: [
    { toolUse: { toolUseId: 'call-1', name: 'tide', input: { port: 'Bergen' }, type: 'server_tool_use' } },
    'call-1',
    'tide',
    'Bergen',
    'server_tool_use',
  ],
  toolResult: [
    { toolResult: { toolUseId: 'call-1', content: [{ text: 'Gone.' }], status: 'error', type: 'tide_result' } },
    'call-1',
    'Gone.',
    'error',
    'tide_result',
  ],
  guardContent: [{ guardContent: { text: { text: 'Guard me.', qualifiers: ['query'] } } }, 'Guard me.', 'query'],
  // A cache point only marks where the service's prompt cache ends.
  cachePoint: [{ cachePoint: { type: 'default' } }],
  reasoningContent: [{ reasoningContent: { reasoningText: { text: 'I reason.', signature: 'sig' } } }, 'I reason.'],
  citationsContent: [
    {
      citationsContent: {
        content: [{ text: 'It is said.' }],
        citations: Object.values(LOCATIONS).map((location) => ({ title: 'Source A', location })),
      },
    },
    ...['It is said.', 'Source A', 'https://cited.example', '41', '42', '43', '44'],
  ],
  searchResult: [{ searchResult: SEARCH }, 'https://tides.example', 'Tide tables', 'High at noon.'],
  toolAddition: [{ toolAddition: { tool: { type: 'mcp', name: 'added', serverName: 'pier-1' } } }, 'added', 'pier-1'],
  toolRemoval: [{ toolRemoval: { tool: { type: 'mcp', name: 'gone', serverName: 'pier-2' } } }, 'gone', 'pier-2'],
  $unknown: [{ $unknown: ['poem', { lines: 'Old pond' }] }, 'poem', 'Old pond'],
};

/** Members of the unions inside content blocks that are not above. */
const NESTED: Members<ContentBlock> = {
  'guarded image': [{ guardContent: { image: { format: 'png', source: { bytes } } } }, BASE64],
  'redacted reasoning': [{ reasoningContent: { redactedContent: bytes } }, BASE64],
  'document in bytes': [{ document: { format: 'pdf', name: 'a', source: { bytes } } }, BASE64],
  'document in S3': [{ document: { name: 'a', source: { s3Location: { uri: 's3://b/d.pdf' } } } }, 's3://b/d.pdf'],
  'document in blocks': [{ document: { name: 'a', source: { content: [{ text: 'Chapter 1' }] } } }, 'Chapter 1'],
  'image in S3': [{ image: { format: 'png', source: { s3Location: { uri: 's3://b/i.png' } } } }, 's3://b/i.png'],
  'image that failed': [{ image: { format: 'png', source: undefined, error: { message: 'Too dark' } } }, 'Too dark'],
};

const RESULTS: Members<ToolResultContentBlock> = {
  text: [{ text: 'Plain words.' }, 'Plain words.'],
  json: [{ json: { knots: 'seven' } }, 'knots', 'seven'],
  image: [{ image: { format: 'png', source: { bytes } } }, BASE64],
  document: [{ document: { format: 'txt', name: 'log', source: { text: 'Log of the day.' } } }, 'Log of the day.'],
  video: [{ video: { format: 'mp4', source: { s3Location: { uri: 's3://b/v.mp4' } } } }, 's3://b/v.mp4'],
  searchResult: [{ searchResult: SEARCH }, 'https://tides.example', 'High at noon.'],
  $unknown: [{ $unknown: ['poem', { lines: 'Old pond' }] }, 'Old pond'],
};

const SYSTEM: Members<SystemContentBlock> = {
  text: [{ text: 'Be brief.' }, 'Be brief.'],
  guardContent: [{ guardContent: { text: { text: 'Guard me.' } } }, 'Guard me.'],
  cachePoint: [{ cachePoint: { type: 'default' } }],
  $unknown: [{ $unknown: ['poem', { lines: 'Old pond' }] }, 'poem', 'Old pond'],
};

const TOOLS: Members<Tool> = {
  toolSpec: [
    { toolSpec: { name: 'tide', description: 'Reads tides', strict: true, inputSchema: { json: { type: 'object' } } } },
    ...['tide', 'Reads tides', '"strict":true', '"parameters":{"type":"object"}'],
  ],
  systemTool: [{ systemTool: { name: 'nova_grounding' } }, 'nova_grounding'],
  cachePoint: [{ cachePoint: { type: 'default' } }],
  $unknown: [{ $unknown: ['mcpTool', { name: 'buoy', serverName: 'pier-3' }] }, 'mcpTool', 'buoy', 'pier-3'],
};

const CHOICES: Members<ToolChoice> = {
  auto: [{ auto: {} }, 'auto'],
  any: [{ any: {} }, 'any'],
  tool: [{ tool: { name: 'tide' } }, 'tool'],
  $unknown: [{ $unknown: ['none', {}] }, 'none'],
};

/** Starts and deltas of a stream by their member, as on the wire. */
const STARTS: Members<object> = {
  toolUse: [{ toolUse: { toolUseId: 'call-1', name: 'tide', type: 'server_tool_use' } }, 'call-1', 'server_tool_use'],
  toolResult: [
    { toolResult: { toolUseId: 'call-1', type: 'tide_result', status: 'error' } },
    ...['call-1', 'tide_result', 'error'],
  ],
  image: [{ image: { format: 'webp' } }, 'image/webp'],
  $unknown: [{ poem: { title: 'Pond' } }, 'Pond'],
};
const DELTAS: Members<object> = {
  text: [{ text: 'Plain words.' }, 'Plain words.'],
  toolUse: [{ toolUse: { input: '{"port":"Bergen"}' } }, 'Bergen'],
  toolResult: [{ toolResult: [{ text: 'Gone.' }, { json: { knots: 'seven' } }] }, 'Gone.', 'seven'],
  reasoningContent: [{ reasoningContent: { text: 'I reason.' } }, 'I reason.'],
  citation: [{ citation: { title: 'Source A', location: LOCATIONS.web } }, 'Source A', 'https://cited.example'],
  image: [{ image: { source: { bytes: BASE64 } } }, BASE64],
  $unknown: [{ poem: { lines: 'Old pond' } }, 'Old pond'],
};
const NESTED_DELTAS: Members<object> = {
  'redacted reasoning': [{ reasoningContent: { redactedContent: BASE64 } }, BASE64],
  'image that failed': [{ image: { error: { message: 'Too dark' } } }, 'Too dark'],
};

const MODEL = 'us.amazon.nova-2-lite-v1:0';
const HELLO = [{ role: 'user' as const, content: [{ text: 'Hi' }] }];

describe('members of unions', () => {
  let answer: { body?: unknown; events?: { type: string; payload: unknown }[] } | undefined;
  let simulator: Simulator;
  let tracing: Tracing;
  let client: BedrockRuntimeClient;
  before(async () => {
    simulator = await startSimulator({ respond: () => answer });
    tracing = startTracing();
    client = createClient(simulator.url);
  });
  after(async () => {
    client.destroy();
    await tracing.close();
    await simulator.close();
  });
  afterEach(() => {
    answer = undefined;
  });

  async function ask(input: Partial<ConverseCommandInput>): Promise<ReadableSpan> {
    await client.send(new ConverseCommand({ modelId: MODEL, messages: HELLO, ...input }));
    return lastSpan();
  }

  async function stream(blocks: readonly { start?: unknown; delta?: unknown }[]): Promise<ReadableSpan> {
    const events = blocks.flatMap(({ start, delta }) => [
      ...(start ? [{ type: 'contentBlockStart', payload: { contentBlockIndex: 0, start } }] : []),
      ...(delta ? [{ type: 'contentBlockDelta', payload: { contentBlockIndex: 0, delta } }] : []),
    ]);
    const stop = {
      type: 'messageStop',
      payload: { stopReason: 'end_turn', additionalModelResponseFields: { stop_sequence: 'NOON' } },
    };
    answer = { events: [{ type: 'messageStart', payload: { role: 'assistant' } }, ...events, stop] };
    await collect((await client.send(new ConverseStreamCommand({ modelId: MODEL, messages: HELLO }))).stream);
    return lastSpan();
  }

  function lastSpan(): ReadableSpan {
    const span = tracing.spans().at(-1)!;
    expect(messageViolations(span), 'against the published message schemas').to.deep.equal([]);
    return span;
  }

  function expectIn(span: ReadableSpan, attribute: string, values: readonly string[]): void {
    for (const value of values) expect(span.attributes[attribute], attribute).to.include(value);
  }

  for (const [member, [block, ...values]] of [...Object.entries(CONTENT), ...Object.entries(NESTED)]) {
    it(`of content in a request: ${member}`, async () => {
      const span = await ask({ messages: [{ role: 'user', content: [{ text: 'See' }, block] }] });
      expectIn(span, 'gen_ai.input.messages', values);
      expectIn(span, 'mlflow.spanInputs', values.filter(isOfProvider));
    });

    it(`of content in an answer: ${member}`, async () => {
      const content = [toWire(block)];
      answer = { body: { output: { message: { role: 'assistant', content } }, stopReason: 'end_turn' } };
      const span = await ask({});
      expectIn(span, 'gen_ai.output.messages', values);
      expectIn(span, 'mlflow.spanOutputs', values.filter(isOfProvider));
    });
  }

  for (const [member, [block, ...values]] of Object.entries(RESULTS)) {
    it(`of the content of a tool result: ${member}`, async () => {
      const toolResult = { toolUseId: 'call-1', content: [block] };
      const span = await ask({ messages: [{ role: 'user', content: [{ toolResult }] }] });
      expectIn(span, 'gen_ai.input.messages', values);
      expectIn(span, 'mlflow.spanInputs', values);
    });
  }

  for (const [member, [block, ...values]] of Object.entries(SYSTEM)) {
    it(`of system instructions: ${member}`, async () => {
      const span = await ask({ system: [{ text: 'You are a pilot.' }, block] });
      expectIn(span, 'gen_ai.system_instructions', values);
      expectIn(span, 'mlflow.spanInputs', values);
    });
  }

  for (const [member, [tool, ...values]] of Object.entries(TOOLS)) {
    it(`of tools: ${member}`, async () => {
      const span = await ask({ toolConfig: { tools: [tool, { systemTool: { name: 'other' } }] } });
      expectIn(span, 'gen_ai.tool.definitions', values);
      expectIn(
        span,
        'mlflow.chat.tools',
        values.filter((value) => value !== 'mcpTool'),
      );
    });
  }

  for (const [member, [toolChoice, word]] of Object.entries(CHOICES)) {
    it(`of the tool choice: ${member}`, async () => {
      const span = await ask({ toolConfig: { tools: [{ systemTool: { name: 'tide' } }], toolChoice } });
      expect(span.attributes['aws.bedrock.request.tool_choice']).to.equal(word);
      expectIn(span, 'mlflow.spanInputs', ['toolChoice', ...(word === 'tool' ? ['tide'] : [])]);
    });
  }

  for (const [member, [start, ...values]] of Object.entries(STARTS)) {
    it(`of the start of a streamed block: ${member}`, async () => {
      const span = await stream([{ start }]);
      expectIn(span, 'gen_ai.output.messages', values);
      expectIn(span, 'mlflow.spanOutputs', values.filter(isOfProvider));
    });
  }

  for (const [member, [delta, ...values]] of [...Object.entries(DELTAS), ...Object.entries(NESTED_DELTAS)]) {
    it(`of the delta of a streamed block: ${member}`, async () => {
      const span = await stream([{ delta }]);
      expectIn(span, 'gen_ai.output.messages', values);
      expectIn(span, 'mlflow.spanOutputs', values);
    });
  }

  it('additional fields of the answer, with a stream and without', async () => {
    const streamed = await stream([{ delta: { text: 'Hi' } }]);
    const message = { role: 'assistant', content: [{ text: 'Hi' }] };
    const additionalModelResponseFields = { stop_sequence: 'NOON' };
    answer = { body: { output: { message }, stopReason: 'end_turn', additionalModelResponseFields } };
    for (const span of [streamed, await ask({})]) {
      const [{ parts }] = json(span, 'gen_ai.output.messages') as [{ parts: unknown[] }];
      expect(parts).to.deep.equal([
        { type: 'text', content: 'Hi' },
        { type: 'additional_model_response_fields', content: additionalModelResponseFields },
      ]);
      expectIn(span, 'mlflow.spanOutputs', ['additionalModelResponseFields', 'NOON']);
    }
  });

  // A newer SDK with further members makes these fail.
  const types = typesOfSdk();
  for (const [union, members] of Object.entries({
    ContentBlock: CONTENT,
    ToolResultContentBlock: RESULTS,
    SystemContentBlock: SYSTEM,
    Tool: TOOLS,
    ToolChoice: CHOICES,
    ContentBlockStart: STARTS,
    ContentBlockDelta: DELTAS,
    CitationLocation: { ...LOCATIONS, $unknown: [] },
  })) {
    it(`are all in this file for ${union}`, () => {
      const [, declared = ''] = new RegExp(`^export type ${union} = (.*);$`, 'm').exec(types) ?? [];
      const names = [...declared.matchAll(/\.(\$?\w+?)Member\b/g)].map(([, name = '']) =>
        name === '$Unknown' ? '$unknown' : name.charAt(0).toLowerCase() + name.slice(1),
      );
      expect(names).to.have.members(Object.keys(members));
    });
  }
});

/** What the wire has in the place of the SDK's bytes and unknown members. */
function toWire(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== 'object' || value === null) return value;
  const { $unknown, ...members } = value as { $unknown?: [string, unknown] };
  const known = Object.entries(members).map(([name, member]) => [name, toWire(member)] as const);
  return Object.fromEntries($unknown ? [...known, $unknown] : known);
}

/** MIME types are in the messages only. The provider has formats. */
function isOfProvider(value: string): boolean {
  return !/^(?:image|audio|video)\/\w+$/.test(value);
}

function typesOfSdk(): string {
  const main = createRequire(import.meta.url).resolve('@aws-sdk/client-bedrock-runtime');
  return readFileSync(main.replace(/dist-cjs.*$/, 'dist-types/models/models_0.d.ts'), 'utf8');
}
