/** The instrumentation with OpenTelemetry's providers, samplers, limits, hooks and contexts. */

import * as sdk from '@aws-sdk/client-bedrock-runtime';
import {
  context,
  type DiagLogger,
  DiagLogLevel,
  diag,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { AlwaysOffSampler, SamplingDecision } from '@opentelemetry/sdk-trace-base';
import { type Simulator, startSimulator } from 'bedrock-simulator';
import { expect } from 'chai';
import { BedrockInstrumentation, type BedrockInstrumentationConfig } from '../../src/index.js';
import { collect, createClient, startTracing, type Tracing } from '../support/tracing.js';

const MODEL = 'anthropic.claude-3-5-sonnet-20241022-v2:0';
const CONVERSE: sdk.ConverseCommandInput = {
  modelId: MODEL,
  system: [{ text: 'Be brief.' }],
  messages: [{ role: 'user', content: [{ text: 'Hi' }] }],
};
const BODY = JSON.stringify({
  anthropic_version: 'bedrock-2023-05-31',
  max_tokens: 9,
  messages: [{ role: 'user', content: 'Hi' }],
});
/** The id hides the family, so the instrumentation must read the body. */
const PROFILE = 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123';

/** Returns the texts that `JSON.parse` gets while `work` runs. */
async function parsedDuring(work: () => Promise<unknown>): Promise<string[]> {
  const { parse } = JSON;
  const texts: string[] = [];
  JSON.parse = (text: string, ...rest: []) => {
    texts.push(text);
    return parse(text, ...rest);
  };
  try {
    await work();
  } finally {
    JSON.parse = parse;
  }
  return texts;
}

/** An input that counts how often a member is read. */
function watched<Input extends object>(input: Input, member: keyof Input): { input: Input; reads(): number } {
  let reads = 0;
  const proxy = new Proxy(input, {
    get(target, key, receiver) {
      if (key === member) reads++;
      return Reflect.get(target, key, receiver);
    },
  });
  return { input: proxy, reads: () => reads };
}

function captureDiag(): string[] {
  const lines: string[] = [];
  const log = (...args: unknown[]): void => void lines.push(args.map(String).join(' '));
  const logger: DiagLogger = { error: log, warn: log, info: () => {}, debug: () => {}, verbose: () => {} };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return lines;
}

describe('with OpenTelemetry', () => {
  let simulator: Simulator;
  let client: sdk.BedrockRuntimeClient;
  let tracing: Tracing | undefined;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());
  beforeEach(() => {
    client = createClient(simulator.url);
  });
  afterEach(async () => {
    client.destroy();
    diag.disable();
    await tracing?.close();
    tracing = undefined;
  });

  /** How often calls read their content and parse a body, with the instrumentation on and off. */
  async function cost(instrumentation: BedrockInstrumentation, modelId: string): Promise<Record<string, unknown>> {
    const measure = async () => {
      const converse = watched({ ...CONVERSE, modelId }, 'messages');
      const invoke = watched({ modelId, body: BODY }, 'body');
      let answer = '';
      const parsed = await parsedDuring(async () => {
        await client.send(new sdk.ConverseCommand(converse.input));
        answer = (await client.send(new sdk.InvokeModelCommand(invoke.input))).body.transformToString();
      });
      const bodies = parsed.filter((text) => text === BODY || text === answer);
      return { converse: converse.reads(), invoke: invoke.reads(), bodies: bodies.length };
    };
    instrumentation.enable();
    const on = await measure();
    instrumentation.disable();
    return { on, off: await measure() };
  }

  it('reads no content and parses no body if no SDK is registered', async () => {
    let hooks = 0;
    const instrumentation = new BedrockInstrumentation({ contentHook: () => void hooks++ });
    instrumentation.manuallyInstrument(sdk);
    for (const modelId of [MODEL, PROFILE]) {
      const { on, off } = await cost(instrumentation, modelId);
      expect(on).to.deep.equal(off);
    }
    expect(hooks).to.equal(0);
  });

  it('uses a provider that is registered after the first call', async () => {
    const instrumentation = new BedrockInstrumentation();
    instrumentation.manuallyInstrument(sdk);
    await client.send(new sdk.ConverseCommand(CONVERSE));
    tracing = startTracing({ config: { enabled: false } });
    tracing.instrumentation.disable();
    await client.send(new sdk.ConverseCommand(CONVERSE));
    instrumentation.disable();
    expect(tracing.spans()).to.have.lengthOf(1);
  });

  it('reads no content, parses no body and calls no hook if nothing is sampled', async () => {
    let hooks = 0;
    const hook = () => void hooks++;
    tracing = startTracing({
      sampler: new AlwaysOffSampler(),
      config: { contentHook: hook, requestHook: hook, responseHook: hook },
    });
    const { on, off } = await cost(tracing.instrumentation, MODEL);
    expect(on).to.deep.equal(off);
    expect(hooks).to.equal(0);
  });

  it('records usage without parsing requests or calling contentHook if only metrics are on', async () => {
    let hooks = 0;
    tracing = startTracing({
      sampler: new AlwaysOffSampler(),
      withMetrics: true,
      config: { contentHook: () => void hooks++ },
    });
    const parsed = await parsedDuring(() => client.send(new sdk.InvokeModelCommand({ modelId: MODEL, body: BODY })));
    expect(parsed.filter((text) => text === BODY).length, 'parsed by the simulator only').to.equal(1);
    const tokens = (await tracing.metrics()).get('gen_ai.client.token.usage') ?? [];
    expect(tokens).to.have.lengthOf(2);
    expect(tokens.every(({ value }) => (value as { sum: number }).sum > 0)).to.equal(true);
    expect(hooks).to.equal(0);
    expect(tracing.spans()).to.have.lengthOf(0);
  });

  it('gives processors the whole span if it is recorded but not sampled, and exporters nothing', async () => {
    const ended: { name: string; attributes: object; sampled: boolean }[] = [];
    tracing = startTracing({
      sampler: { shouldSample: () => ({ decision: SamplingDecision.RECORD }) },
      spanProcessors: [
        {
          onStart: () => undefined,
          onEnd: (span) =>
            void ended.push({
              name: span.name,
              attributes: span.attributes,
              sampled: span.spanContext().traceFlags === 1,
            }),
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      ],
    });
    const { usage } = await client.send(new sdk.ConverseCommand(CONVERSE));
    expect(ended).to.have.lengthOf(1);
    expect(ended[0]).to.include({ name: `chat ${MODEL}`, sampled: false });
    expect(ended[0]?.attributes).to.include({ 'gen_ai.usage.input_tokens': usage?.inputTokens });
    expect(ended[0]?.attributes).to.include.keys('gen_ai.input.messages', 'mlflow.spanOutputs');
    expect(tracing.spans()).to.have.lengthOf(0);
  });

  describe('and hooks that fail', () => {
    const broken = (how: string) => (): never => {
      throw new Error(how);
    };
    const rejecting = (how: string) => (): never => Promise.reject(new Error(how)) as never;
    const CASES: Readonly<Record<string, [BedrockInstrumentationConfig, string]>> = {
      'requestHook throws': [{ requestHook: broken('oops') }, 'requestHook threw (said once)'],
      'requestHook rejects': [{ requestHook: rejecting('oops') }, 'requestHook rejected (said once)'],
      'responseHook throws': [{ responseHook: broken('oops') }, 'responseHook threw (said once)'],
      'responseHook rejects': [{ responseHook: rejecting('oops') }, 'responseHook rejected (said once)'],
      'contentHook throws': [
        { contentHook: broken('oops') },
        'contentHook threw; the content it was given is not recorded (said once)',
      ],
      'contentHook rejects': [
        { contentHook: rejecting('oops') },
        'contentHook returned a promise and must return the content itself; the content is not recorded (said once)',
      ],
    };
    for (const [name, [config, line]] of Object.entries(CASES)) {
      it(`gives the same answers, streams, errors and figures if ${name}, and logs one line`, async () => {
        const rejections: unknown[] = [];
        const onRejection = (reason: unknown) => void rejections.push(reason);
        const failing = createClient(simulator.endpoint({ scenario: 'throttling' }));
        const outcomes = async () => {
          const { output } = await client.send(new sdk.ConverseCommand(CONVERSE));
          const { stream } = await client.send(new sdk.ConverseStreamCommand(CONVERSE));
          const error = await failing.send(new sdk.ConverseCommand(CONVERSE)).catch((thrown: Error) => thrown);
          return { output, events: await collect(stream), error: String(error) };
        };
        const plain = await outcomes();
        const lines = captureDiag();
        tracing = startTracing({ config });
        process.on('unhandledRejection', onRejection);
        expect(await outcomes()).to.deep.equal(plain);
        await new Promise((resolve) => setImmediate(resolve));
        process.off('unhandledRejection', onRejection);
        failing.destroy();
        expect(rejections).to.deep.equal([]);
        const said = lines.filter((text) => text.includes('said once'));
        expect(said).to.have.lengthOf(1);
        expect(said[0]).to.include(line);
        expect(said[0], 'class and place of the error').to.match(/ (?:Type)?Error at \S+:\d+:\d+$/);
        expect(said[0], 'the text of the error').to.not.include('oops');
        expect(tracing.spans()).to.have.lengthOf(3);
        expect(tracing.spans()[0]?.attributes).to.include.keys('gen_ai.usage.input_tokens', 'mlflow.chat.tokenUsage');
        if (config.contentHook) expect(JSON.stringify(tracing.spans()[0]?.attributes)).to.not.include('Be brief.');
      });
    }
  });

  describe('and span limits', () => {
    const FIGURES = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': MODEL,
    };

    it('drops content and keeps figures if the number of attributes is limited', async () => {
      const figures = async () => {
        const [span] = tracing?.spans() ?? [];
        return Object.keys(span?.attributes ?? {}).filter(
          (name) => !/messages|system_instr|mlflow\.span[IO]/.test(name),
        );
      };
      tracing = startTracing({ config: { maxContentLength: 1000 } });
      const { usage } = await client.send(new sdk.ConverseCommand(CONVERSE));
      const names = await figures();
      await tracing.close();
      tracing = startTracing({ spanLimits: { attributeCountLimit: names.length } });
      await client.send(new sdk.ConverseCommand(CONVERSE));
      const [span] = tracing.spans();
      expect(Object.keys(span?.attributes ?? {})).to.have.members([...names]);
      expect(span?.attributes).to.include({
        ...FIGURES,
        'gen_ai.usage.input_tokens': usage?.inputTokens,
        'gen_ai.usage.output_tokens': usage?.outputTokens,
      });
      expect(span?.droppedAttributesCount).to.be.greaterThan(0);
    });

    it('cuts texts and keeps figures if the length of values is limited', async () => {
      tracing = startTracing({ spanLimits: { attributeValueLengthLimit: 60 } });
      const { usage } = await client.send(new sdk.ConverseCommand(CONVERSE));
      const attributes = tracing.spans()[0]?.attributes ?? {};
      expect(attributes).to.include({ ...FIGURES, 'gen_ai.usage.output_tokens': usage?.outputTokens });
      expect(attributes['mlflow.spanInputs']).to.have.lengthOf(60);
    });

    it('keeps the last chunks and the whole answer if the number of events is limited', async () => {
      tracing = startTracing({ spanLimits: { eventCountLimit: 2 } });
      const long = createClient(simulator.endpoint({ scenario: 'stream', parameters: { chunks: 10 } }));
      const { stream } = await long.send(new sdk.ConverseStreamCommand(CONVERSE));
      const events = await collect(stream);
      long.destroy();
      const [span] = tracing.spans();
      expect(span?.events.map(({ name }) => name)).to.deep.equal(['messageStop', 'metadata']);
      expect(span?.droppedEventsCount).to.equal(events.length - 2);
      expect(span?.attributes['gen_ai.output.messages']).to.include('chunk 10 of 10');
      expect(span?.attributes).to.include.keys('gen_ai.usage.output_tokens');
    });

    it('lets calls work if all limits are 0', async () => {
      tracing = startTracing({ spanLimits: { attributeCountLimit: 0, eventCountLimit: 0, linkCountLimit: 0 } });
      const { stream } = await client.send(new sdk.ConverseStreamCommand(CONVERSE));
      expect(await collect(stream)).to.not.have.lengthOf(0);
      expect(tracing.spans()).to.have.lengthOf(1);
    });
  });

  it('keeps 50 simultaneous calls apart: each span has its parent, each caller its context', async () => {
    tracing = startTracing();
    const tracer = trace.getTracer('test');
    const key = Symbol('caller');
    const parents = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const parent = tracer.startSpan(`parent ${index}`);
        const own = trace.setSpan(ROOT_CONTEXT, parent).setValue(key, index);
        await context.with(own, async () => {
          const modelId = `anthropic.claude-3-haiku-${index}`;
          if (index % 2 === 0) {
            await client.send(new sdk.ConverseCommand({ ...CONVERSE, modelId }));
          } else {
            const { stream } = await client.send(new sdk.ConverseStreamCommand({ ...CONVERSE, modelId }));
            for await (const _event of stream ?? []) expect(context.active().getValue(key)).to.equal(index);
          }
          expect(context.active().getValue(key)).to.equal(index);
          expect(trace.getActiveSpan()).to.equal(parent);
        });
        return { index, spanId: parent.spanContext().spanId };
      }),
    );
    expect(trace.getActiveSpan()).to.equal(undefined);
    for (const { index, spanId } of parents) {
      const own = tracing.spans().filter(({ name }) => name === `chat anthropic.claude-3-haiku-${index}`);
      expect(own.map(({ parentSpanContext }) => parentSpanContext?.spanId)).to.deep.equal([spanId]);
    }
  });

  it('passes baggage to the calls beneath, and adds no link and no header', async () => {
    tracing = startTracing();
    const baggage = propagation.createBaggage({ tenant: { value: 'a' } });
    const seen: unknown[] = [];
    const spanContexts: (SpanContext | undefined)[] = [];
    client.middlewareStack.add(
      (next) => (args) => {
        seen.push(propagation.getActiveBaggage());
        spanContexts.push(trace.getActiveSpan()?.spanContext());
        return next(args);
      },
      { step: 'build', name: 'seesBaggage' },
    );
    await context.with(propagation.setBaggage(context.active(), baggage), async () => {
      await client.send(new sdk.ConverseCommand(CONVERSE));
      expect(propagation.getActiveBaggage()).to.equal(baggage);
    });
    const [span] = tracing.spans();
    expect(seen).to.deep.equal([baggage]);
    expect(spanContexts).to.deep.equal([span?.spanContext()]);
    expect(span?.links).to.deep.equal([]);
    const traced = Object.keys(simulator.requests.at(-1)?.headers ?? {});
    tracing.instrumentation.disable();
    await client.send(new sdk.ConverseCommand(CONVERSE));
    expect(traced).to.deep.equal(Object.keys(simulator.requests.at(-1)?.headers ?? {}));
    expect(traced).to.not.include.members(['traceparent']);
  });
});
