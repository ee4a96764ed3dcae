/** Makes one kind of call with one instrumentation, as a CommonJS application does, and says what became of it. */

import type { BehaviourJob, Check } from '../behaviour.js';
import { finish, readJob } from '../child.js';
import { loadPeer } from '../install.js';
import { INSTRUMENTATIONS } from '../variants.js';

interface Span {
  readonly name: string;
  readonly status: { readonly code: number };
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly attributes?: object }[];
}

interface Output {
  readonly output?: { readonly message: { readonly content: readonly { readonly text?: string }[] } };
  readonly stream?: AsyncIterable<object>;
  readonly body?: AsyncIterable<object>;
}

interface Chunk {
  readonly contentBlockDelta?: { readonly delta: { readonly text?: string } };
}

interface Client {
  send(command: object, callback?: (error: Error | null, output?: Output) => void): Promise<Output>;
}

const NOVA = 'amazon.nova-lite-v1:0';
const CACHING = 'amazon.nova-pro-v1:0';
const CLAUDE = 'anthropic.claude-3-haiku-20240307-v1:0';
const MISTRAL = 'mistral.mistral-7b-instruct-v0:2';
const PROMPT = 'What is the capital of France?';
const ERROR_STATUS = 2;

const { subject, check, url } = await readJob<BehaviourJob>();
const { NodeTracerProvider, SimpleSpanProcessor, InMemorySpanExporter } = loadPeer('@opentelemetry/sdk-trace-node');
const { trace } = loadPeer('@opentelemetry/api');
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
const { packageName, className, modes } = INSTRUMENTATIONS[subject];
const isContentOff = check === 'Content switched off: text left in the span';
const mode = isContentOff || modes.content === undefined ? 'no content' : 'content';
const instrumentation = new (loadPeer(packageName)[className])(modes[mode]);
instrumentation.setTracerProvider(provider);
instrumentation.enable();
const sdk = loadPeer('@aws-sdk/client-bedrock-runtime');
let uncaught: unknown;
process.on('uncaughtException', (error) => {
  uncaught = error;
});

const clientAt = (path = ''): Client =>
  new sdk.BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: `${url}${path}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
const command = (name: string, input: object): object => new sdk[`${name}Command`](input);
const converse = (modelId = NOVA, name = 'Converse'): object =>
  command(name, { modelId, messages: [{ role: 'user', content: [{ text: PROMPT }] }] });
const claude = (name: string, encode: (body: string) => unknown = (body) => body): object => {
  const body = {
    anthropic_version: 'bedrock-2023-05-31',
    max_tokens: 100,
    messages: [{ role: 'user', content: PROMPT }],
  };
  return command(name, { modelId: CLAUDE, contentType: 'application/json', body: encode(JSON.stringify(body)) });
};
const streamOf = ({ stream, body }: Output): AsyncIterable<object> => (stream ?? body) as AsyncIterable<object>;

/** What the application got: the text of the answer. */
const answerOf = ({ output }: Output): string => output?.message.content.map(({ text }) => text ?? '').join('') ?? '';

async function answerIn(stream: AsyncIterable<object>): Promise<string> {
  let text = '';
  for await (const event of stream) text += (event as Chunk).contentBlockDelta?.delta.text ?? '';
  return text;
}

async function count(stream: AsyncIterable<object>): Promise<number> {
  let events = 0;
  for await (const _event of stream) events++;
  return events;
}

/** The spans that have ended shortly after the call. */
async function ended(): Promise<readonly Span[]> {
  await new Promise((resolve) => setTimeout(resolve, 300));
  return exporter.getFinishedSpans();
}

const all = (span: Span | undefined): string =>
  JSON.stringify([span?.attributes, span?.events.map(({ attributes }) => attributes)]);
/** Whether text is in an attribute, also as JSON within JSON. */
const holds = (span: Span | undefined, text: string): boolean =>
  text !== '' && all(span).replaceAll('\\', '').includes(text.replaceAll('\\', ''));
const figure = ({ attributes }: Span, ...names: string[]): unknown =>
  names.map((name) => attributes[name]).find((value) => value !== undefined);
const input = (span: Span): unknown =>
  figure(span, 'gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt');
const output = (span: Span): unknown =>
  figure(span, 'gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.token_count.completion');
const yes = (is: boolean): string => (is ? 'yes' : 'no');

async function tokens(expected?: readonly [number, number]): Promise<string> {
  const [span] = await ended();
  if (span === undefined) return 'no span';
  const found = [input(span), output(span)];
  if (found.every((value) => value === undefined)) return 'no';
  const isRight = expected === undefined || (found[0] === expected[0] && found[1] === expected[1]);
  return isRight ? 'yes' : `${found.map((value) => value ?? 'none').join(' and ')}, true ${expected.join(' and ')}`;
}

async function status(): Promise<string> {
  const [span] = await ended();
  if (span === undefined) return 'no span';
  return span.status.code === ERROR_STATUS ? 'error' : 'no error';
}

const CHECKS: Readonly<Record<Check, () => Promise<string>>> = {
  'Converse: input and output tokens': async () => {
    await clientAt().send(converse());
    return tokens();
  },
  'Converse: prompt and answer': async () => {
    const answer = answerOf(await clientAt().send(converse()));
    const [span] = await ended();
    return yes(holds(span, PROMPT) && holds(span, answer));
  },
  'Converse: tool call': async () => {
    await clientAt().send(converse(CACHING));
    const [span] = await ended();
    return yes(all(span).includes('find_city'));
  },
  'Converse: tokens of the prompt cache': async () => {
    await clientAt().send(converse(CACHING));
    const [span] = await ended();
    const found = Object.entries(span?.attributes ?? {}).filter(([name, value]) => /cache/.test(name) && value === 64);
    return yes(found.length > 0);
  },
  'ConverseStream: answer and tokens': async () => {
    const answer = await answerIn(streamOf(await clientAt().send(converse(NOVA, 'ConverseStream'))));
    const [span] = await ended();
    const parts = [holds(span, answer) ? 'answer' : '', (await tokens()) === 'yes' ? 'tokens' : ''];
    return parts.filter(Boolean).join(' and ') || 'no';
  },
  'ConverseStream: span of a reader that stops early': async () => {
    for await (const _event of streamOf(await clientAt().send(converse(NOVA, 'ConverseStream')))) break;
    return yes((await ended()).length > 0);
  },
  'ConverseStream: status after an error in the stream': async () => {
    const client = clientAt('/scenario/mid-stream-error');
    await client
      .send(converse(NOVA, 'ConverseStream'))
      .then(streamOf)
      .then(count, () => 0)
      .catch(() => 0);
    return status();
  },
  'ConverseStream: span of a throttled call': async () => {
    await clientAt('/scenario/throttling')
      .send(converse(NOVA, 'ConverseStream'))
      .catch(() => undefined);
    return status();
  },
  'InvokeModel, Claude: tokens': async () => {
    await clientAt().send(claude('InvokeModel'));
    return tokens();
  },
  'InvokeModel, Mistral: tokens, which only headers have': async () => {
    const body = JSON.stringify({ prompt: `<s>[INST] ${PROMPT} [/INST]` });
    await clientAt().send(command('InvokeModel', { modelId: MISTRAL, contentType: 'application/json', body }));
    return tokens([21, 3]);
  },
  'InvokeModel, body as bytes': async () => {
    try {
      await clientAt().send(claude('InvokeModel', (body) => new TextEncoder().encode(body)));
    } catch (error) {
      return `the call fails: ${(error as Error).name}`;
    }
    return tokens();
  },
  'InvokeModelWithResponseStream, Claude: events that the application gets': async () => {
    const events = await count(streamOf(await clientAt().send(claude('InvokeModelWithResponseStream'))));
    instrumentation.disable();
    return `${events} of ${await eventsWithout()}`;
  },
  'InvokeModelWithResponseStream, Claude: output tokens': async () => {
    let last = 0;
    for await (const event of streamOf(await clientAt().send(claude('InvokeModelWithResponseStream')))) {
      const { bytes } = (event as { chunk?: { bytes?: Uint8Array } }).chunk ?? {};
      const { usage } = JSON.parse(new TextDecoder().decode(bytes ?? new TextEncoder().encode('{}')));
      last = usage?.output_tokens ?? last;
    }
    const [span] = await ended();
    if (span === undefined) return 'no span';
    const found = output(span);
    if (found === undefined) return 'no';
    return last === 0 || found === last ? 'yes' : `${found}, true ${last}`;
  },
  'An error in that stream reaches the application': async () => {
    const client = clientAt('/scenario/mid-stream-error');
    const failed = await client
      .send(claude('InvokeModelWithResponseStream'))
      .then((answer) => count(streamOf(answer)))
      .then(
        () => false,
        () => true,
      );
    return yes(failed);
  },
  'send(command, callback)': async () => {
    try {
      const answered = new Promise<Error | null>((resolve) => {
        void clientAt().send(converse(), (error) => resolve(error));
      });
      const error = await answered;
      return error === null ? `called back, ${(await tokens()) === 'yes' ? 'with' : 'without'} tokens` : 'fails';
    } catch (error) {
      return `throws ${(error as Error).name}`;
    }
  },
  'Model of an inference profile, us.…': async () => {
    await clientAt().send(converse(`us.${CLAUDE}`));
    const [span] = await ended();
    return span === undefined ? 'no span' : `\`${figure(span, 'gen_ai.request.model', 'llm.model_name') ?? 'none'}\``;
  },
  ApplyGuardrail: async () => {
    const content = [{ text: { text: PROMPT } }];
    const request = { guardrailIdentifier: 'gr1', guardrailVersion: '1', source: 'INPUT', content };
    await clientAt()
      .send(command('ApplyGuardrail', request))
      .catch(() => undefined);
    const [span] = await ended();
    if (span === undefined) return 'no span';
    return all(span).includes('gr1') ? 'span with the guardrail' : 'span without the guardrail';
  },
  'Content switched off: text left in the span': async () => {
    const answer = answerOf(await clientAt().send(converse()));
    const [span] = await ended();
    return yes(holds(span, PROMPT) || holds(span, answer));
  },
  'disable(): spans of a client in use': async () => {
    const client = clientAt();
    await client.send(converse());
    instrumentation.disable();
    exporter.reset();
    await client.send(converse());
    return (await ended()).length === 0 ? 'none' : 'still made';
  },
  'HTTP request within the span': async () => {
    let active: unknown;
    const client = clientAt() as Client & {
      middlewareStack: { add(middleware: object, options: object): void };
    };
    client.middlewareStack.add(
      (next: (args: object) => Promise<object>) => (args: object) => {
        active = trace.getActiveSpan();
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await client.send(converse());
    return yes(active !== undefined);
  },
};

async function eventsWithout(): Promise<number> {
  const plain = clientAt();
  return count(streamOf(await plain.send(claude('InvokeModelWithResponseStream'))));
}

const finding = await CHECKS[check]().catch((error: Error) => `fails: ${error.name}`);
finish(uncaught === undefined ? finding : `${finding}; uncaught ${(uncaught as Error).name}`);
