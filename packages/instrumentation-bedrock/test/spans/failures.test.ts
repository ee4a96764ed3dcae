/** Failures without an error of the service: errors inside an answer, aborted calls, and streams that were cut. */

import {
  type BedrockRuntimeClient,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
} from '@aws-sdk/client-bedrock-runtime';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { type SimulatedResponse, type Simulator, type StreamEvent, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { thrownFailure } from '../../src/call/failure.js';
import { http1Handler, until } from '../support/compare.js';
import { createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const SECRET = 'Gull Cove is overloaded with boats.';
const CLAUDE = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const QWEN = 'qwen.qwen3-32b-v1:0';

/** How an application reads a stream. */
type Reading = (stream: AsyncIterable<object>) => Promise<void>;

const READINGS = {
  'reads to the end': async (stream) => {
    for await (const _event of stream);
  },
  'throws when it sees the error': async (stream) => {
    for await (const event of stream) if (hasError(event)) throw new Error('the application stops');
  },
  'leaves when it sees the error': async (stream) => {
    for await (const event of stream) if (hasError(event)) break;
  },
} satisfies Record<string, Reading>;

function hasError(event: { chunk?: { bytes?: Uint8Array } }): boolean {
  return 'error' in JSON.parse(Buffer.from(event.chunk?.bytes ?? []).toString());
}

function chunks(...payloads: readonly object[]): StreamEvent[] {
  return payloads.map((payload) => ({ type: 'chunk', payload }));
}

const CLAUDE_START = chunks(
  {
    type: 'message_start',
    message: {
      id: 'm',
      type: 'message',
      role: 'assistant',
      content: [],
      usage: { input_tokens: 15, output_tokens: 3 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Half an answer' } },
);
const QWEN_START = chunks({
  id: 'c',
  choices: [{ index: 0, delta: { role: 'assistant', content: 'Half an answer' } }],
});

describe('failures', () => {
  let simulator: Simulator;
  let response: SimulatedResponse;
  let tracing: Tracing;
  let client: BedrockRuntimeClient;
  before(async () => {
    simulator = await startSimulator({ respond: () => response });
  });
  after(() => simulator.close());
  beforeEach(() => {
    tracing = startTracing({ withMetrics: true });
    client = createClient(simulator.url);
  });
  afterEach(async () => {
    client.destroy();
    await tracing.close();
  });

  function useHttp1(): void {
    client.destroy();
    client = createClient(simulator.url, http1Handler());
  }

  function body(modelId: string): string {
    const message = { max_tokens: 9, messages: [{ role: 'user', content: 'x' }] };
    return JSON.stringify(modelId === CLAUDE ? { anthropic_version: 'bedrock-2023-05-31', ...message } : message);
  }

  async function stream(modelId: string, read: Reading, abortSignal?: AbortSignal): Promise<ReadableSpan> {
    const command = new InvokeModelWithResponseStreamCommand({ modelId, body: body(modelId) });
    try {
      const output = await client.send(command, { ...(abortSignal && { abortSignal }) });
      await read(output.body ?? (async function* () {})());
    } catch {
      // The span says what happened.
    }
    return tracing.spans().at(-1) as ReadableSpan;
  }

  async function measuredErrors(): Promise<unknown[]> {
    const durations = (await tracing.metrics()).get('gen_ai.client.operation.duration') ?? [];
    return durations.map(({ attributes }) => attributes['error.type']);
  }

  async function measuredTypes(): Promise<string[]> {
    const tokens = (await tracing.metrics()).get('gen_ai.client.token.usage') ?? [];
    return tokens.map(({ attributes }) => String(attributes['gen_ai.token.type']));
  }

  describe('stated in a chunk of a stream', () => {
    const CASES: readonly { what: string; modelId: string; events: StreamEvent[]; type: string; text?: string }[] = [
      {
        what: 'Claude, after a part of the answer',
        modelId: CLAUDE,
        events: [...CLAUDE_START, ...chunks({ type: 'error', error: { type: 'overloaded_error', message: SECRET } })],
        type: 'overloaded_error',
        text: 'Half an answer',
      },
      {
        what: 'Claude, before any answer',
        modelId: CLAUDE,
        events: chunks({ type: 'error', error: { type: 'api_error', message: SECRET } }),
        type: 'api_error',
      },
      {
        what: "OpenAI's format",
        modelId: QWEN,
        events: [...QWEN_START, ...chunks({ error: { type: 'server_error', code: 500, message: SECRET } })],
        type: 'server_error',
        text: 'Half an answer',
      },
      {
        what: "OpenAI's format, with a code only",
        modelId: QWEN,
        events: chunks({ choices: [], error: { type: null, code: 'rate_limit_exceeded', message: SECRET } }),
        type: 'rate_limit_exceeded',
      },
      {
        what: "OpenAI's format, with a status only",
        modelId: QWEN,
        events: chunks({ error: { code: 503, message: SECRET } }),
        type: '503',
      },
      { what: "OpenAI's format, as text", modelId: QWEN, events: chunks({ error: SECRET }), type: '_OTHER' },
      {
        what: 'a text with a type beside it',
        modelId: QWEN,
        events: chunks({ error: SECRET, error_type: 'overloaded' }),
        type: 'overloaded',
      },
      {
        what: 'vLLM',
        modelId: QWEN,
        events: chunks({ object: 'error', error: null, message: SECRET, type: 'BadRequestError', code: 400 }),
        type: 'BadRequestError',
      },
      {
        what: 'a type that is no word',
        modelId: QWEN,
        events: chunks({ error: { type: SECRET, code: 'x'.repeat(500), message: SECRET } }),
        type: '_OTHER',
      },
      {
        what: 'a model of unknown format',
        modelId: 'arn:aws:bedrock:us-east-1:123456789012:imported-model/abc',
        events: chunks({ error: { type: 'server_error', message: SECRET } }),
        type: 'server_error',
      },
    ];

    for (const { what, modelId, events, type, text } of CASES) {
      for (const [how, read] of Object.entries(READINGS)) {
        it(`set ERROR and its type: ${what}; the application ${how}`, async () => {
          response = { events };
          const span = await stream(modelId, read);
          expect(span.attributes['error.type']).to.equal(type);
          expect(span.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: `${type}: ${SECRET}` });
          expect(span.events.at(-1)).to.deep.include({
            name: 'exception',
            attributes: { 'exception.type': type, 'exception.message': SECRET },
          });
          if (text) expect(span.attributes['gen_ai.output.messages']).to.include(text);
          expect(span.attributes['mlflow.spanOutputs']).to.include(SECRET);
          expect(await measuredErrors()).to.deep.equal([type]);
        });
      }

      it(`record no content if it is off: ${what}`, async () => {
        tracing.instrumentation.setConfig({ captureMessageContent: false });
        response = { events };
        const span = await stream(modelId, READINGS['reads to the end']);
        expect(span.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: type });
        expect(JSON.stringify([span.attributes, span.events, span.status])).to.not.include('boats');
      });
    }

    it('let contentHook edit the message, and remove credentials from it', async () => {
      const key = `AKIA${'A'.repeat(16)}`;
      response = { events: chunks({ error: { type: 'server_error', message: `${SECRET} ${key}` } }) };
      const span = await stream(QWEN, READINGS['reads to the end']);
      expect(span.status.message).to.equal(`server_error: ${SECRET} [redacted]`);
      tracing.instrumentation.setConfig({ contentHook: ({ kind, value }) => (kind === 'error' ? 'edited' : value) });
      response = { events: chunks({ error: { type: 'server_error', message: SECRET } }) };
      const edited = await stream(QWEN, READINGS['reads to the end']);
      expect(edited.status.message).to.equal('server_error: edited');
    });

    it('win over the end of the stream that follows them', async () => {
      response = {
        events: [
          ...CLAUDE_START,
          ...chunks({ type: 'error', error: { type: 'overloaded_error', message: SECRET } }),
          { type: 'modelStreamErrorException', messageType: 'exception', payload: { message: 'The model stopped.' } },
        ],
      };
      const span = await stream(CLAUDE, READINGS['reads to the end']);
      expect(span.attributes['error.type']).to.equal('overloaded_error');
      expect(await measuredTypes()).to.deep.equal(['input']);
    });

    it('are none if the member is null, empty, or a part of the answer', async () => {
      for (const extra of [{ error: null }, { error: {} }, { error: '' }, { detail: { error: 'x' } }]) {
        response = {
          events: chunks({ choices: [{ index: 0, delta: { content: 'x' }, finish_reason: 'stop' }], ...extra }),
        };
        const span = await stream(QWEN, READINGS['reads to the end']);
        expect(span.attributes, JSON.stringify(extra)).to.not.have.property('error.type');
      }
    });
  });

  describe('stated in the body of an answer', () => {
    for (const [what, modelId, answer, type] of [
      ['Claude', CLAUDE, { type: 'error', error: { type: 'api_error', message: SECRET } }, 'api_error'],
      ["OpenAI's format", QWEN, { error: { code: 'model_not_found', message: SECRET } }, 'model_not_found'],
      ['an image model without images', 'amazon.nova-canvas-v1:0', { error: SECRET }, '_OTHER'],
    ] as const) {
      it(`set ERROR and its type: ${what}`, async () => {
        response = { body: answer };
        const sent = JSON.stringify({ taskType: 'TEXT_IMAGE', ...JSON.parse(body(modelId)) });
        await client.send(new InvokeModelCommand({ modelId, body: sent }));
        const [span] = tracing.spans();
        expect(span?.attributes['error.type']).to.equal(type);
        expect(span?.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: `${type}: ${SECRET}` });
        expect(json(span!, 'mlflow.spanOutputs')).to.deep.include(modelId === CLAUDE || modelId === QWEN ? answer : {});
      });
    }
  });

  describe('of a call that the application aborts', () => {
    class UserLeft extends Error {
      override readonly name = 'UserLeft';
    }
    const REASONS: readonly [string, unknown, string][] = [
      ['no reason', undefined, 'AbortError'],
      ['a timeout', new DOMException('too slow', 'TimeoutError'), 'TimeoutError'],
      ['an error of its own', new UserLeft('gone'), 'UserLeft'],
      ['a plain error', new Error('gone'), 'AbortError'],
      ['a text', 'gone', 'AbortError'],
    ];

    for (const [protocol, use] of [
      ['HTTP/2', () => undefined],
      ['HTTP/1.1', useHttp1],
    ] as const) {
      for (const [what, reason, type] of REASONS) {
        it(`have the reason's name in mid-stream over ${protocol}: ${what}`, async () => {
          use();
          response = { events: CLAUDE_START, ending: 'hang' };
          const controller = new AbortController();
          const span = await stream(
            CLAUDE,
            async (events) => {
              let count = 0;
              for await (const _event of events) if (++count === 3) controller.abort(reason);
            },
            controller.signal,
          );
          expect(span.attributes).to.include({ 'error.type': type, 'gen_ai.usage.input_tokens': 15 });
          expect(span.attributes).to.not.have.any.keys('gen_ai.usage.output_tokens', 'mlflow.chat.tokenUsage');
          expect(span.attributes['gen_ai.output.messages']).to.include('Half an answer');
          expect(span.status.code).to.equal(SpanStatusCode.ERROR);
          expect(await measuredTypes()).to.deep.equal(['input']);
          expect(await measuredErrors()).to.deep.equal([type]);
        });

        it(`have the reason's name before the answer over ${protocol}: ${what}`, async () => {
          use();
          response = { events: [], ending: 'hang' };
          const controller = new AbortController();
          const asked = simulator.requests.length;
          const span = stream(CLAUDE, READINGS['reads to the end'], controller.signal);
          await until(() => simulator.requests.length > asked);
          controller.abort(reason);
          expect((await span).attributes['error.type']).to.equal(type);
        });
      }
    }

    it('have the name also if it leaves the stream at once', async () => {
      response = { events: CLAUDE_START, ending: 'hang' };
      const controller = new AbortController();
      const span = await stream(
        CLAUDE,
        async (events) => {
          for await (const _event of events) {
            controller.abort();
            break;
          }
        },
        controller.signal,
      );
      expect(span.attributes['error.type']).to.equal('AbortError');
    });

    it('are none if it aborts after it has left the stream', async () => {
      const controller = new AbortController();
      response = { events: CLAUDE_START, ending: 'hang' };
      const left = await stream(
        CLAUDE,
        async (events) => {
          for await (const _event of events) break;
          controller.abort();
        },
        controller.signal,
      );
      expect(left.attributes).to.not.have.property('error.type');
    });

    it('are none if it aborts after the closing event', async () => {
      const message = { id: 'm', type: 'message', role: 'assistant', content: [], usage: { input_tokens: 15 } };
      const ended = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } };
      response = {
        events: chunks({ type: 'message_start', message }, ended, { type: 'message_stop' }),
        ending: 'hang',
      };
      const controller = new AbortController();
      const span = await stream(
        CLAUDE,
        async (events) => {
          let count = 0;
          for await (const _event of events) if (++count === 3) controller.abort();
        },
        controller.signal,
      );
      expect(span.attributes).to.include({ 'gen_ai.usage.output_tokens': 7 });
      expect(span.attributes).to.not.have.property('error.type');
    });

    it('keep the type of an exception that the service had sent', () => {
      const error = Object.assign(new Error('slow down'), { name: 'ThrottlingException', $fault: 'client' });
      const rules = { signal: AbortSignal.abort(), names: undefined, words: 'all' } as const;
      expect(thrownFailure(error, rules, () => undefined).type).to.equal('ThrottlingException');
    });

    it('are known to the callback form too', async () => {
      response = { events: CLAUDE_START, ending: 'hang' };
      const controller = new AbortController();
      const command = new InvokeModelWithResponseStreamCommand({ modelId: CLAUDE, body: body(CLAUDE) });
      const events = await new Promise<AsyncIterable<object> | undefined>((resolve, reject) => {
        client.send(command, { abortSignal: controller.signal }, (error, output) =>
          error ? reject(error) : resolve(output?.body),
        );
      });
      for await (const _event of events ?? []) controller.abort();
      expect(tracing.spans()[0]?.attributes['error.type']).to.equal('AbortError');
    });
  });

  describe('of a Claude stream that was cut', () => {
    const exception: StreamEvent = {
      type: 'modelStreamErrorException',
      messageType: 'exception',
      payload: { message: 'The model stopped.' },
    };
    const leave: Reading = async (events) => {
      for await (const event of events) if (JSON.stringify(event).length > 0) break;
    };
    const CUTS: readonly [string, SimulatedResponse, Reading][] = [
      ['ended early', { events: CLAUDE_START }, READINGS['reads to the end']],
      ['was reset', { events: CLAUDE_START, ending: 'reset' }, READINGS['reads to the end']],
      ['threw an exception', { events: [...CLAUDE_START, exception] }, READINGS['reads to the end']],
      ['was left', { events: CLAUDE_START, ending: 'hang' }, leave],
    ];
    const closing = chunks({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } });

    for (const [what, cut, read] of CUTS) {
      it(`leave out the provisional output count if it ${what}`, async () => {
        response = cut;
        const span = await stream(CLAUDE, read);
        expect(span.attributes['gen_ai.usage.input_tokens']).to.equal(15);
        expect(span.attributes).to.not.have.any.keys('gen_ai.usage.output_tokens', 'mlflow.chat.tokenUsage');
        expect(await measuredTypes()).to.deep.equal(['input']);
      });
    }

    it('leave out the output count of a delta without a stop reason, and keep it if the stream then ends', async () => {
      const growing = chunks({ type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: 5 } });
      response = { events: [...CLAUDE_START, ...growing] };
      const cut = await stream(CLAUDE, READINGS['reads to the end']);
      expect(cut.attributes).to.not.have.any.keys('gen_ai.usage.output_tokens', 'mlflow.chat.tokenUsage');
      response = { events: [...CLAUDE_START, ...growing, ...chunks({ type: 'message_stop' })] };
      const ended = await stream(CLAUDE, READINGS['reads to the end']);
      expect(ended.attributes['gen_ai.usage.output_tokens']).to.equal(5);
    });

    it('keep the closing figures if they had arrived', async () => {
      response = { events: [...CLAUDE_START, ...closing, exception] };
      const span = await stream(CLAUDE, READINGS['reads to the end']);
      expect(span.attributes).to.include({
        'error.type': 'ModelStreamErrorException',
        'gen_ai.usage.output_tokens': 7,
      });
      expect(await measuredTypes()).to.have.members(['input', 'output']);
    });
  });
});
