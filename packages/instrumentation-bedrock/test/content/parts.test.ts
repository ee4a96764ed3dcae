/** Parts of messages, tool definitions and finish reasons that only some requests and answers have. */

import {
  AudioFormat,
  type BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  DocumentFormat,
  ImageFormat,
  InvokeModelCommand,
  VideoFormat,
} from '@aws-sdk/client-bedrock-runtime';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { finishReason } from '../../src/data/messages.js';
import { MODALITIES, mimeTypeOf } from '../../src/dialects/messages/mime-types.js';
import { messageViolations } from '../support/message-schema.js';
import { beforeEachTest } from '../support/simulation.js';
import { createClient, json, type Tracing } from '../support/tracing.js';

const CLAUDE = 'anthropic.claude-3-haiku-20240307-v1:0';
const NOVA = 'us.amazon.nova-lite-v1:0';

describe('content parts', () => {
  let tracing: Tracing;
  let client: BedrockRuntimeClient;
  beforeEachTest((parts) => {
    ({ tracing, client } = parts);
  });
  // Some tests replace the client.
  afterEach(() => client.destroy());

  function lastSpan(): ReadableSpan {
    const span = tracing.spans().at(-1)!;
    expect(messageViolations(span), 'against the published message schemas').to.deep.equal([]);
    return span;
  }

  async function invoke(modelId: string, body: unknown): Promise<ReadableSpan> {
    await client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    return lastSpan();
  }

  async function converse(input: Omit<ConverseCommandInput, 'modelId'>): Promise<ReadableSpan> {
    await client.send(new ConverseCommand({ modelId: NOVA, ...input }));
    return lastSpan();
  }

  function askClaude(content: unknown, rest: Record<string, unknown> = {}): Promise<ReadableSpan> {
    const messages = [{ role: 'user', content }];
    return invoke(CLAUDE, { anthropic_version: 'bedrock-2023-05-31', max_tokens: 9, messages, ...rest });
  }

  describe('of Anthropic Messages', () => {
    it('are blobs, URIs, files or texts, depending on their sources', async () => {
      const span = await askClaude([
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        { type: 'image', source: { type: 'file', file_id: 'file_1' } },
        { type: 'document', source: { type: 'file', file_id: 'file_2' }, title: 'Two' },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'Plain.' } },
      ]);
      expect(partsOf(span)).to.deep.equal([
        { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'AA==' },
        { type: 'uri', modality: 'image', uri: 'https://example.com/a.png' },
        { type: 'file', modality: 'image', file_id: 'file_1' },
        { type: 'file', modality: 'document', file_id: 'file_2' },
        { type: 'text', content: 'Plain.' },
      ]);
    });

    it('are the blocks of a document that the application split', async () => {
      const span = await askClaude([
        { type: 'document', source: { type: 'content', content: 'Whole.' } },
        {
          type: 'document',
          source: {
            type: 'content',
            content: [
              { type: 'text', text: 'First.' },
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
              { type: 'text', text: 'Second.' },
            ],
          },
        },
      ]);
      expect(partsOf(span)).to.deep.equal([
        { type: 'text', content: 'Whole.' },
        { type: 'text', content: 'First.' },
        { type: 'blob', modality: 'image', mime_type: 'image/png', content: 'AA==' },
        { type: 'text', content: 'Second.' },
      ]);
    });
  });

  describe('of Converse', () => {
    it('are the blocks of a document that the application split', async () => {
      const source = { content: [{ text: 'First.' }, { text: 'Second.' }] };
      const document = { format: 'txt', name: 'notes', source } as const;
      const span = await converse({ messages: [{ role: 'user', content: [{ text: 'Sum up.' }, { document }] }] });
      expect(partsOf(span)).to.deep.equal([
        { type: 'text', content: 'Sum up.' },
        { type: 'text', content: 'First.' },
        { type: 'text', content: 'Second.' },
      ]);
    });

    it('have the MIME type of their format, and none if the format has none', async () => {
      const bytes = new Uint8Array(1);
      const source = { bytes };
      const stored = { s3Location: { uri: 's3://bucket/film.mkv' } };
      const span = await converse({
        messages: [
          {
            role: 'user',
            content: [
              { image: { format: 'jpeg', source } },
              { video: { format: 'mkv', source: stored } },
              { video: { format: 'three_gp', source } },
              { audio: { format: 'mp3', source } },
              { audio: { format: 'pcm', source } },
              { document: { format: 'csv', name: 'a', source } },
              { document: { format: 'xlsx', name: 'b', source } },
            ],
          },
        ],
      });
      const xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
      expect(partsOf(span)).to.deep.equal([
        { type: 'blob', modality: 'image', mime_type: 'image/jpeg', content: 'AA==' },
        { type: 'uri', modality: 'video', mime_type: 'video/matroska', uri: 's3://bucket/film.mkv' },
        { type: 'blob', modality: 'video', mime_type: 'video/3gpp', content: 'AA==' },
        { type: 'blob', modality: 'audio', mime_type: 'audio/mpeg', content: 'AA==' },
        { type: 'blob', modality: 'audio', content: 'AA==' },
        { type: 'blob', modality: 'document', mime_type: 'text/csv', content: 'AA==' },
        { type: 'blob', modality: 'document', mime_type: xlsx, content: 'AA==' },
      ]);
    });
  });

  it('have a MIME type for every format of the SDK except pcm', () => {
    const formats = { image: ImageFormat, video: VideoFormat, audio: AudioFormat, document: DocumentFormat };
    const unknown = MODALITIES.flatMap((modality) =>
      Object.values(formats[modality])
        .filter((format) => mimeTypeOf(modality, format) === undefined)
        .map((format) => `${modality} ${format}`),
    );
    expect(unknown).to.deep.equal(['audio pcm']);
    expect(mimeTypeOf('image', 'constructor')).to.equal(undefined);
  });

  describe('tool definitions', () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } } };
    const description = 'Weather';
    const weather = { name: 'get_weather', description, parameters: schema };

    it("keep the type of Anthropic's own tools", async () => {
      const span = await askClaude('Hi', {
        tools: [
          { name: 'get_weather', description, input_schema: schema },
          { type: 'custom', name: 'get_weather', description, input_schema: schema },
          { type: 'computer_20250124', name: 'computer', display_width_px: 1024, display_height_px: 768 },
          { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
        ],
      });
      expect(json(span, 'gen_ai.tool.definitions')).to.deep.equal([
        { type: 'function', ...weather },
        { type: 'function', ...weather },
        { type: 'computer_20250124', name: 'computer' },
        { type: 'text_editor_20250728', name: 'str_replace_based_edit_tool' },
      ]);
      expect(json(span, 'mlflow.chat.tools')).to.deep.equal([
        { type: 'function', function: weather },
        { type: 'function', function: weather },
        { type: 'function', function: { name: 'computer' } },
        { type: 'function', function: { name: 'str_replace_based_edit_tool' } },
      ]);
    });

    it("keep what OpenAI's functions, custom tools and the provider's own tools have", async () => {
      const format = { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: /x/' } };
      const span = await invoke('openai.gpt-oss-20b-1:0', {
        messages: [{ role: 'user', content: 'Hi' }],
        tools: [
          { type: 'function', function: { ...weather, strict: true } },
          { type: 'custom', custom: { name: 'sql', description: 'Runs SQL', format } },
          { type: 'web_search', search_context_size: 'low' },
          { type: 'function', function: {} },
        ],
        functions: [weather],
      });
      expect(json(span, 'gen_ai.tool.definitions')).to.deep.equal([
        { type: 'function', ...weather, strict: true },
        { type: 'custom', name: 'sql', description: 'Runs SQL', format },
        { type: 'web_search', name: 'web_search', search_context_size: 'low' },
        { type: 'function', ...weather },
      ]);
      expect(json(span, 'mlflow.chat.tools')).to.deep.equal([
        { type: 'function', function: { ...weather, strict: true } },
        { type: 'function', function: { name: 'sql', description: 'Runs SQL', format } },
        { type: 'function', function: { name: 'web_search', search_context_size: 'low' } },
        { type: 'function', function: weather },
      ]);
    });

    it('name the system tools of Converse', async () => {
      const toolSpec = { name: 'get_weather', description, inputSchema: { json: schema } };
      const span = await converse({
        messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
        toolConfig: {
          tools: [{ toolSpec }, { systemTool: { name: 'nova_grounding' } }, { cachePoint: { type: 'default' } }],
        },
      });
      expect(json(span, 'gen_ai.tool.definitions')).to.deep.equal([
        { type: 'function', ...weather },
        { type: 'systemTool', name: 'nova_grounding' },
      ]);
      expect(json(span, 'mlflow.chat.tools')).to.deep.equal([
        { type: 'function', function: weather },
        { type: 'function', function: { name: 'nova_grounding' } },
      ]);
    });
  });

  describe('the tool choice', () => {
    const named = { type: 'function', function: { name: 'get_weather' } };
    const choices: [string, Record<string, unknown>, string | undefined][] = [
      ['openai.gpt-oss-20b-1:0', { tool_choice: 'required' }, 'required'],
      ['openai.gpt-oss-20b-1:0', { tool_choice: named }, 'function'],
      ['openai.gpt-oss-20b-1:0', { function_call: 'none' }, 'none'],
      ['openai.gpt-oss-20b-1:0', { tool_choice: 'get_weather' }, undefined],
      [CLAUDE, { tool_choice: { type: 'tool', name: 'get_weather' } }, 'tool'],
      [NOVA, { toolConfig: { toolChoice: { any: {} } }, schemaVersion: 'messages-v1' }, 'any'],
      [NOVA, { toolConfig: { toolChoice: { get_weather: {} } }, schemaVersion: 'messages-v1' }, undefined],
    ];
    for (const [modelId, members, expected] of choices) {
      it(`is ${expected} for ${JSON.stringify(members)}, without the name of a tool`, async () => {
        const content = modelId === NOVA ? [{ text: 'Hi' }] : 'Hi';
        const span = await invoke(modelId, { messages: [{ role: 'user', content }], max_tokens: 9, ...members });
        expect(span.attributes['aws.bedrock.request.tool_choice']).to.equal(expected);
      });
    }
  });

  describe('the output type of Anthropic Messages', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } };
    for (const request of [{ output_config: { effort: 'low', format } }, { output_format: format }]) {
      it(`is json with ${Object.keys(request)[0]}`, async () => {
        const span = await askClaude('Hi', request);
        expect(span.attributes['gen_ai.output.type']).to.equal('json');
      });
    }

    it('is absent if the request names no format', async () => {
      const span = await askClaude('Hi', { output_config: { effort: 'low' } });
      expect(span.attributes).to.not.have.property('gen_ai.output.type');
    });
  });

  describe('finish reasons of image models', () => {
    const blocked = 'All of the generated images have been blocked by our content filters.';
    const someBlocked = 'Some of the generated images have been blocked by our content filters.';
    const core = 'stability.stable-image-core-v1:1';
    const xl = 'stability.stable-diffusion-xl-v1';
    const canvas = 'amazon.nova-canvas-v1:0';
    // Model, answer, number of pictures, finish reason of the message, the provider's words.
    const answers: [string, object, number, string, string[]?][] = [
      [core, { images: ['AA=='], finish_reasons: [null] }, 1, 'stop'],
      [core, { finish_reasons: ['Filter reason: prompt'] }, 0, 'content_filter', ['Filter reason: prompt']],
      [core, { finish_reasons: ['Inference error'] }, 0, 'error', ['Inference error']],
      [xl, { artifacts: [artifact('SUCCESS')] }, 1, 'stop', ['SUCCESS']],
      [
        xl,
        { artifacts: [artifact('SUCCESS'), artifact('CONTENT_FILTERED')] },
        2,
        'content_filter',
        ['SUCCESS', 'CONTENT_FILTERED'],
      ],
      [xl, { artifacts: [artifact('ERROR')] }, 1, 'error', ['ERROR']],
      [canvas, { images: ['AA=='], error: null }, 1, 'stop'],
      [canvas, { images: [], error: blocked }, 0, 'content_filter'],
      [canvas, { images: ['AA=='], error: someBlocked }, 1, 'content_filter'],
    ];
    for (const [modelId, body, pictures, reason, words] of answers) {
      it(`${modelId}: ${JSON.stringify(body)}`, async () => {
        const answering = await startSimulator({ respond: () => ({ body }) });
        client.destroy();
        client = createClient(answering.url);
        const span = await invoke(modelId, { prompt: 'A cat' });
        await answering.close();
        const parts = Array.from({ length: pictures }, () => ({ type: 'blob', modality: 'image', content: 'AA==' }));
        expect(json(span, 'gen_ai.output.messages')).to.deep.equal([
          { role: 'assistant', parts, finish_reason: reason },
        ]);
        expect(span.attributes['gen_ai.response.finish_reasons']).to.deep.equal(words);
      });
    }
  });

  it('have the finish reasons of the conventions for the words of all providers', () => {
    const words: Record<string, string[]> = {
      stop: ['stop', 'end_turn', 'stop_sequence', 'FINISH', 'FINISHED', 'STOP_CRITERIA_MET', 'COMPLETE', 'endoftext'],
      length: ['length', 'LENGTH', 'max_tokens', 'MAX_TOKENS', 'ERROR_LIMIT', 'model_context_window_exceeded'],
      tool_call: ['tool_use', 'tool_calls', 'TOOL_CALL'],
      content_filter: ['CONTENT_FILTERED', 'content_filter', 'guardrail_intervened', 'refusal', 'ERROR_TOXIC'],
      error: ['ERROR', 'malformed_model_output', 'malformed_tool_use'],
      pause_turn: ['pause_turn'],
      USER_CANCEL: ['USER_CANCEL'],
      constructor: ['constructor'],
    };
    for (const [reason, names] of Object.entries(words)) {
      for (const name of names) expect(finishReason(name), name).to.equal(reason);
    }
  });
});

function partsOf(span: ReadableSpan): unknown {
  const [message] = json(span, 'gen_ai.input.messages') as { parts: unknown }[];
  return message?.parts;
}

function artifact(finishReason: string): object {
  return { seed: 0, base64: 'AA==', finishReason };
}
