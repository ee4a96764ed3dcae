/** The options of the instrumentation, their defaults and their environment variable. */

import type { Span } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import { endpointOfUrl, isHost } from './data/bedrock-hosts.js';
import type { JsonValue } from './data/json.js';
import type {
  BedrockContent,
  BedrockRequestInfo,
  BedrockResponseInfo,
  ContentFormat,
  ResolvedConfig,
} from './data/settings.js';

/**
 * Options of {@link BedrockInstrumentation}. An invalid value never throws: the instrumentation logs a warning through
 * `diag` and uses the default. If `captureMessageContent` or its environment variable is invalid, it records no content.
 */
export interface BedrockInstrumentationConfig extends InstrumentationConfig {
  /**
   * Records prompts, answers, tools and tool arguments. The environment variable wins if it is set: `true` or `false`, or
   * `NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY`, `SPAN_AND_EVENT`.
   * Environment: `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`.
   *
   * @remarks With `EVENT_ONLY` and `SPAN_AND_EVENT`, each inference also emits the log event
   * `gen_ai.client.inference.operation.details` with its content.
   *
   * @defaultValue `true`
   */
  captureMessageContent?: boolean;
  /**
   * Edits content before it is recorded, for example to redact it. Returns the value to record, or `undefined` to record
   * nothing.
   *
   * @remarks If the hook throws or returns a promise, the content is not recorded and `diag` logs the error once.
   *
   * @defaultValue none
   */
  contentHook?: (content: BedrockContent) => JsonValue | undefined;
  /**
   * Longest text inside content, in characters (UTF-16 units). Longer texts are cut between two characters and end with a
   * note that states how many are missing. Base64 is never cut: `maxMediaBytes` decides.
   *
   * @defaultValue no limit
   */
  maxContentLength?: number;
  /**
   * Largest image, document, video or audio inside content, in bytes. A note of the size replaces larger ones; `0` records
   * none.
   *
   * @defaultValue `1048576` (1 MiB)
   */
  maxMediaBytes?: number;
  /**
   * Longest embedding vector inside content, in numbers. A note of the length replaces longer ones; `0` records none,
   * `Infinity` all.
   *
   * @remarks This also holds for what `contentHook` gets. The default is shorter than the vectors of Bedrock's models. The
   * number of dimensions is on `gen_ai.embeddings.dimension.count` in any case.
   *
   * @defaultValue `64`
   */
  maxEmbeddingLength?: number;
  /**
   * Longest record of one call, in characters (UTF-16 units): content in all forms, chunk events and error texts together.
   * If there is more, the longest texts are cut and the largest media left out, each with a note. Figures are never cut.
   *
   * @remarks Ids and other facts do not count and have at most 16,384 characters each. Chunk events can have a quarter of
   * the record. The default is a little more than the longest body that InvokeModel accepts. At most 268,435,456, because
   * longer texts do not fit into a JavaScript string.
   *
   * @defaultValue `26214400` (25 Mi)
   */
  maxRecordLength?: number;
  /**
   * The forms in which content is recorded. `gen_ai`: message attributes for every OpenTelemetry backend. `mlflow`: the
   * whole request and response, as MLflow shows them. One form needs half the bytes.
   *
   * @remarks `gen_ai` is `gen_ai.input.messages`, `gen_ai.output.messages` and so on; `mlflow` is `mlflow.spanInputs` and
   * `mlflow.spanOutputs`.
   *
   * @defaultValue `['gen_ai', 'mlflow']`
   */
  contentFormats?: readonly ContentFormat[];
  /**
   * Records each chunk of a stream as a span event, if content is recorded on spans.
   *
   * @remarks The event has the chunk in its attribute `json`. With a `contentHook` the default is `false`, because a text
   * that the hook looks for can be spread over several chunks.
   *
   * @defaultValue `true`; `false` with a `contentHook`
   */
  recordStreamEvents?: boolean;
  /**
   * Called after the span has started, with `operation`, `modelId` and `input`.
   *
   * @remarks Not called for the steps of an agent or a flow. Errors are logged once through `diag`. Attributes of content,
   * operation and model stay as the hook set them. An address of the server stays only if the instrumentation knew the
   * server when the span started, which needs an earlier call of the same client.
   *
   * @defaultValue none
   */
  requestHook?: (span: Span, info: BedrockRequestInfo) => void;
  /**
   * Called after the SDK has answered or failed, with `operation`, `modelId`, `output` and `error`. For streams, this is
   * before the first chunk.
   *
   * @remarks Not called for the steps of an agent or a flow. Errors are logged once through `diag`.
   *
   * @defaultValue none
   */
  responseHook?: (span: Span, info: BedrockResponseInfo) => void;
  /**
   * Keeps the spans of HTTP requests beneath a call out of the trace.
   *
   * @defaultValue `false`
   */
  suppressInternalInstrumentation?: boolean;
  /**
   * Further hosts on which OpenAI's SDK reaches Bedrock, such as those of a gateway: `gateway.example.com`, or
   * `localhost:8080` for one port. Environment: `OTEL_INSTRUMENTATION_BEDROCK_OPENAI_HOSTS`, separated by commas.
   *
   * @remarks Clients of AWS's own hosts and of `AWS_BEDROCK_BASE_URL` are traced without it, and so are `BedrockOpenAI`
   * and the SDK's provider `bedrock`. Clients of all other hosts are never traced.
   *
   * @defaultValue none
   */
  openAIHosts?: readonly string[];
  /**
   * Whether the instrumentation starts enabled. `disable()` and `enable()` switch it at run time, also for clients in use.
   *
   * @defaultValue `true`
   */
  enabled?: boolean;
}

const OPENAI_HOSTS_VARIABLE = 'OTEL_INSTRUMENTATION_BEDROCK_OPENAI_HOSTS';
const CAPTURE_VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const STABILITY_VARIABLE = 'OTEL_SEMCONV_STABILITY_OPT_IN';
const DEFAULT_MAX_MEDIA_BYTES = 1_048_576;
const DEFAULT_MAX_EMBEDDING_LENGTH = 64;
const DEFAULT_MAX_RECORD_LENGTH = 25 * 2 ** 20;
/** Half of the longest string of V8 (2^29 - 24), because a text in quotes can be longer than its characters. */
const GREATEST_MAX_RECORD_LENGTH = 2 ** 28;
const DEFAULT_FORMATS: NonNullable<BedrockInstrumentationConfig['contentFormats']> = ['gen_ai', 'mlflow'];

interface Capture {
  readonly onSpans: boolean;
  readonly inEvents: boolean;
}

const NO_CAPTURE: Capture = { onSpans: false, inEvents: false };

const CAPTURE_WORDS: Readonly<Record<string, Capture>> = {
  TRUE: { onSpans: true, inEvents: false },
  FALSE: NO_CAPTURE,
  SPAN_ONLY: { onSpans: true, inEvents: false },
  SPAN_AND_EVENT: { onSpans: true, inEvents: true },
  EVENT_ONLY: { onSpans: false, inEvents: true },
  NO_CONTENT: NO_CAPTURE,
};

/**
 * Fills in defaults and applies the environment.
 *
 * @param env the environment variables, usually `process.env`.
 * @param warn receives a message for each invalid value.
 */
export function resolveConfig(
  config: BedrockInstrumentationConfig,
  env: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): ResolvedConfig {
  const capture = captureFromEnvironment(env[CAPTURE_VARIABLE], warn) ?? captureFromConfig(config, warn);
  const formats = contentFormats(config, warn);
  const maxMediaBytes = limit('maxMediaBytes', 'bytes', config.maxMediaBytes, warn) ?? DEFAULT_MAX_MEDIA_BYTES;
  const maxEmbeddingLength =
    limit('maxEmbeddingLength', 'numbers', config.maxEmbeddingLength, warn) ?? DEFAULT_MAX_EMBEDDING_LENGTH;
  const maxRecordLength =
    limit('maxRecordLength', 'characters', config.maxRecordLength, warn) ?? DEFAULT_MAX_RECORD_LENGTH;
  return {
    captureContent: capture.onSpans || capture.inEvents,
    emitEvents: capture.inEvents,
    contentOnSpans: capture.onSpans,
    foreignWords: !capture.onSpans ? 'none' : config.contentHook ? 'hooked' : 'all',
    genAiContent: capture.onSpans && formats.includes('gen_ai'),
    mlflowContent: capture.onSpans && formats.includes('mlflow'),
    recordStreamEvents: capture.onSpans && (config.recordStreamEvents ?? config.contentHook === undefined),
    maxContentLength: limit('maxContentLength', 'characters', config.maxContentLength, warn),
    maxMediaBytes,
    maxEmbeddingLength,
    maxRecordLength: Math.min(maxRecordLength, GREATEST_MAX_RECORD_LENGTH),
    contentHook: config.contentHook,
    requestHook: config.requestHook,
    responseHook: config.responseHook,
    suppressInternalInstrumentation: config.suppressInternalInstrumentation ?? false,
    openAIHosts: openAIHosts(config, env, warn),
    newerMetrics: asksForNewerMetrics(env[STABILITY_VARIABLE]),
  };
}

function openAIHosts(
  config: BedrockInstrumentationConfig,
  { [OPENAI_HOSTS_VARIABLE]: variable, AWS_BEDROCK_BASE_URL: bedrockUrl }: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): readonly string[] {
  const isFromCode = config.openAIHosts !== undefined;
  const name = isFromCode ? 'openAIHosts' : OPENAI_HOSTS_VARIABLE;
  const entries: unknown = isFromCode ? config.openAIHosts : hostsOf(variable);
  const hosts: readonly unknown[] = Array.isArray(entries) ? entries : [entries];
  for (const host of hosts) {
    if (isHost(host)) continue;
    // A URL can have credentials.
    const entry = shown(host).replace(/\/\/[^/]*@/, '//');
    warn(`${name} must be hosts such as gateway.example.com or localhost:8080, not ${entry}; it is ignored`);
  }
  // OpenAI's SDK reads this variable in its client for Bedrock.
  const server = endpointOfUrl(bedrockUrl);
  return [...hosts.filter(isHost), ...(server ? [`${server.address}:${server.port}`] : [])];
}

function hostsOf(list = ''): readonly string[] {
  return list.split(',').flatMap((entry) => entry.trim() || []);
}

/** The list also has words for other instrumentations, such as `http`, so unknown words are no mistake. */
function asksForNewerMetrics(list = ''): boolean {
  return list.split(',').some((word) => word.trim().toLowerCase() === 'gen_ai_latest_experimental');
}

function limit(
  name: string,
  unit: string,
  value: number | undefined,
  warn: (message: string) => void,
): number | undefined {
  if (value === undefined || (typeof value === 'number' && value >= 0)) return value;
  warn(`${name} must be 0 or more ${unit}, not ${shown(value)}; the default is used`);
  return undefined;
}

/** A value for a message. An option can be anything in JavaScript, also a value without a text. */
function shown(value: unknown): string {
  try {
    return String(value);
  } catch {
    return typeof value;
  }
}

function captureFromEnvironment(value: string | undefined, warn: (message: string) => void): Capture | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const word = value.trim().toUpperCase();
  if (Object.hasOwn(CAPTURE_WORDS, word)) return CAPTURE_WORDS[word];
  warn(`${CAPTURE_VARIABLE}=${value} is not understood, so no content is recorded; use true or false`);
  return NO_CAPTURE;
}

function captureFromConfig(
  { captureMessageContent = true }: BedrockInstrumentationConfig,
  warn: (message: string) => void,
): Capture {
  if (typeof captureMessageContent === 'boolean') return { onSpans: captureMessageContent, inEvents: false };
  warn(`captureMessageContent must be true or false, not ${shown(captureMessageContent)}; no content is recorded`);
  return NO_CAPTURE;
}

function contentFormats(
  { contentFormats: formats = DEFAULT_FORMATS }: BedrockInstrumentationConfig,
  warn: (message: string) => void,
): readonly string[] {
  if (Array.isArray(formats) && formats.every((format) => DEFAULT_FORMATS.includes(format))) return formats;
  warn(`contentFormats must be a list of ${DEFAULT_FORMATS.join(' and ')}, not ${shown(formats)}; the default is used`);
  return DEFAULT_FORMATS;
}
