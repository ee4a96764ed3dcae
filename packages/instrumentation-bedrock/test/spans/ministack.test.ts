import * as sdk from '@aws-sdk/client-bedrock-runtime';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { expect } from 'chai';
import { installMinistack, type Ministack, startMinistack } from 'testing/ministack.js';
import { CASES } from '../support/dialect-cases.js';
import { collect, createClient, json, startTracing, type Tracing } from '../support/tracing.js';

const MODEL = 'anthropic.claude-3-haiku-20240307-v1:0';
const CONVERSE = { modelId: MODEL, messages: [{ role: 'user' as const, content: [{ text: 'Hi' }] }] };
const FAMILIES = ['anthropic-messages', 'titan-text', 'llama', 'mistral-text'];

/**
 * An endpoint of another project. Its token counts are invented and its streams lack invocation metrics. So these tests
 * show that calls work, not that figures are right.
 */
describe('MiniStack, an endpoint of another project', function () {
  this.timeout(60_000);
  let server: Ministack;
  let tracing: Tracing;
  let client: sdk.BedrockRuntimeClient;
  const logged: string[] = [];

  before(async function () {
    let installation: Awaited<ReturnType<typeof installMinistack>>;
    try {
      installation = await installMinistack();
    } catch (error) {
      console.log(`    skipped, MiniStack cannot be installed: ${(error as Error).message}`);
      this.skip();
    }
    server = await startMinistack(installation);
    client = createClient(server.url);
  });
  after(async () => {
    client?.destroy();
    await server?.close();
  });
  beforeEach(() => {
    logged.length = 0;
    const ignore = (): void => undefined;
    const log = (...parts: unknown[]): unknown => logged.push(parts.join(' '));
    diag.setLogger({ error: log, warn: log, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN);
    tracing = startTracing();
  });
  afterEach(async () => {
    await tracing.close();
    diag.disable();
  });

  /** Makes a call without and with the instrumentation. Expects the same outcome and one span. */
  async function isHarmless(call: () => Promise<unknown>): Promise<ReturnType<Tracing['spans']>[number]> {
    tracing.instrumentation.disable();
    const plain = await view(call);
    tracing.instrumentation.enable();
    expect(await view(call)).to.deep.equal(plain);
    expect(tracing.spans()).to.have.lengthOf(1);
    expect(logged).to.deep.equal([]);
    return tracing.spans()[0]!;
  }

  async function readStream<Output extends object>(
    answer: Promise<Output>,
    member: keyof Output & ('stream' | 'body'),
  ): Promise<unknown> {
    const output = await answer;
    return { ...output, [member]: await collect(output[member] as AsyncIterable<unknown>) };
  }

  it('has Converse calls traced', async () => {
    const span = await isHarmless(() => client.send(new sdk.ConverseCommand(CONVERSE)));
    expect(span.attributes['error.type']).to.equal(undefined);
    expect(String(span.attributes['gen_ai.output.messages'])).to.include('ministack mock anthropic');
    expect(span.attributes).to.include({ 'gen_ai.usage.input_tokens': 1, 'gen_ai.usage.output_tokens': 22 });
  });

  it('has ConverseStream calls traced', async () => {
    const span = await isHarmless(() => readStream(client.send(new sdk.ConverseStreamCommand(CONVERSE)), 'stream'));
    expect(span.attributes['error.type']).to.equal(undefined);
    expect(String(span.attributes['gen_ai.output.messages'])).to.include('ministack mock anthropic');
    expect(span.attributes).to.include({ 'gen_ai.usage.input_tokens': 1, 'gen_ai.usage.output_tokens': 22 });
  });

  for (const family of FAMILIES) {
    const { modelId, body } = CASES[family]!;
    const input = { modelId, body: JSON.stringify(body) };
    it(`has InvokeModel calls of ${family} traced`, async () => {
      const span = await isHarmless(() => client.send(new sdk.InvokeModelCommand(input)));
      expect(span.attributes['error.type']).to.equal(undefined);
      expect(String(span.attributes['gen_ai.output.messages'])).to.include('ministack mock');
      expect(span.attributes['gen_ai.usage.input_tokens']).to.equal(7);
    });

    it(`has streams of ${family} recorded as complete without invocation metrics`, async () => {
      const span = await isHarmless(() =>
        readStream(client.send(new sdk.InvokeModelWithResponseStreamCommand(input)), 'body'),
      );
      expect(span.attributes['error.type']).to.equal(undefined);
      expect(json(span, 'gen_ai.output.messages')).to.have.nested.property('[0].finish_reason', 'stop');
      expect(String(span.attributes['gen_ai.output.messages'])).to.match(/ministack mock .* reply for prompt#/);
    });
  }

  it('has ApplyGuardrail calls traced', async () => {
    const created = await fetch(`${server.url}/guardrails`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=, Signature=',
      },
      body: JSON.stringify({
        name: 'words',
        blockedInputMessaging: 'No.',
        blockedOutputsMessaging: 'No.',
        wordPolicyConfig: { wordsConfig: [{ text: 'forbidden' }] },
      }),
    });
    const { guardrailId } = (await created.json()) as { guardrailId: string };
    const span = await isHarmless(() =>
      client.send(
        new sdk.ApplyGuardrailCommand({
          guardrailIdentifier: guardrailId,
          guardrailVersion: 'DRAFT',
          source: 'INPUT',
          content: [{ text: { text: 'a forbidden word' } }],
        }),
      ),
    );
    expect(span.attributes['error.type']).to.equal(undefined);
    expect(span.attributes['aws.bedrock.guardrail.action']).to.be.a('string');
  });

  it('has StartAsyncInvoke and GetAsyncInvoke calls traced', async () => {
    const start = new sdk.StartAsyncInvokeCommand({
      modelId: 'amazon.nova-reel-v1:0',
      modelInput: { taskType: 'TEXT_VIDEO' },
      outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://bucket' } },
    });
    const started = await isHarmless(() => client.send(start));
    const invocationArn = String(started.attributes['aws.bedrock.invocation.arn']);
    await tracing.close();
    tracing = startTracing();
    const got = await isHarmless(() => client.send(new sdk.GetAsyncInvokeCommand({ invocationArn })));
    expect(got.attributes['aws.bedrock.invocation.status']).to.equal('Completed');
  });

  const FAILING: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    [
      'CountTokens, which it does not know',
      'ValidationException',
      () => client.send(new sdk.CountTokensCommand({ modelId: MODEL, input: { converse: CONVERSE } })),
    ],
    [
      'a body that is not JSON',
      'ValidationException',
      () => client.send(new sdk.InvokeModelCommand({ modelId: MODEL, body: '{' })),
    ],
    [
      'a guardrail that is not there',
      'ResourceNotFoundException',
      () =>
        client.send(
          new sdk.ApplyGuardrailCommand({
            guardrailIdentifier: 'missing',
            guardrailVersion: '1',
            source: 'INPUT',
            content: [{ text: { text: 'Hi' } }],
          }),
        ),
    ],
  ];
  for (const [name, type, call] of FAILING) {
    it(`has the error recorded: ${name}`, async () => {
      const span = await isHarmless(call);
      expect(span.attributes['error.type']).to.equal(type);
    });
  }
});

/** What the application sees, without the ids and times that differ between calls. */
async function view(call: () => Promise<unknown>): Promise<unknown> {
  const seen = await call().catch((error: Error) => ({ ...error, name: error.name, message: error.message }));
  const text = JSON.stringify(seen, (key, value: unknown) => {
    if (key === 'requestId' || key === 'extendedRequestId' || key === '$response') return undefined;
    return value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
  });
  return JSON.parse(
    text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{24,}/g, 'id').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time'),
  );
}
