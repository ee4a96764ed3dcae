import type { Span } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import type { JsonValue } from './data/json.js';

/** An operation of the Bedrock Runtime API, under the name of its command. */
export type BedrockOperation =
  | 'Converse'
  | 'ConverseStream'
  | 'InvokeModel'
  | 'InvokeModelWithResponseStream'
  | 'ApplyGuardrail'
  | 'CountTokens'
  | 'StartAsyncInvoke'
  | 'GetAsyncInvoke'
  | (string & {});

/** What is known of a call when a hook runs. */
export interface BedrockCallInfo {
  readonly operation: BedrockOperation;
  /** The model id exactly as the application gave it. */
  readonly modelId: string | undefined;
}

/** Passed to `requestHook`. */
export interface BedrockRequestInfo extends BedrockCallInfo {
  /** The command's input: the application's own object. Reading is safe, changing it changes the request. */
  readonly input: unknown;
}

/** Passed to `responseHook`. */
export interface BedrockResponseInfo extends BedrockCallInfo {
  /** The SDK's output; absent after an error. The stream of a streaming operation is still to be read: leave it alone. */
  readonly output?: unknown;
  /** What the call was rejected with. */
  readonly error?: unknown;
}

/** Passed to `contentHook`: one piece of content on its way into a span. */
export interface BedrockContent extends BedrockCallInfo {
  /**
   * `request`: messages, prompts, tools; `response`: the answer; `chunk`: one event of a stream;
   * `error`: the message of a failure, which may quote the request.
   */
  readonly kind: 'request' | 'response' | 'chunk' | 'error';
  /** A plain copy of the content: the whole input or output of the call, the body of InvokeModel parsed. */
  readonly value: JsonValue;
}

export type ContentFormat = 'gen_ai' | 'mlflow';

/** Options of {@link BedrockInstrumentation}. */
export interface BedrockInstrumentationConfig extends InstrumentationConfig {
  /**
   * Record prompts, completions, tool definitions and arguments. Default: true.
   *
   * The environment variable `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` wins when set: `true` or `false`,
   * or `NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY`, `SPAN_AND_EVENT`. In the last two, each inference also emits the log
   * event `gen_ai.client.inference.operation.details` with its content.
   */
  captureMessageContent?: boolean;
  /**
   * Edits content before it is recorded, for redaction: return what to record in its place, or `undefined` to record
   * nothing of it. When the hook throws, the content is not recorded.
   */
  contentHook?: (content: BedrockContent) => JsonValue | undefined;
  /** Longest text recorded inside content, in characters; longer ones are cut and say by how much. Default: no limit. */
  maxContentLength?: number;
  /**
   * Largest image, document, video or audio recorded inside content, in bytes; larger ones are replaced by a note of
   * their size. Default: 1,048,576 (1 MiB); 0 records none.
   */
  maxMediaBytes?: number;
  /**
   * The forms in which content is recorded. Default: both.
   *
   * `gen_ai`: `gen_ai.input.messages`, `gen_ai.output.messages` and so on, for every OpenTelemetry backend;
   * `mlflow`: the raw request and response as `mlflow.spanInputs` and `mlflow.spanOutputs`. One alone halves the payload.
   */
  contentFormats?: readonly ContentFormat[];
  /**
   * Record each chunk of a stream as a span event with a `json` attribute (content permitting). Default: true, but false
   * with a `contentHook`: what a hook looks for may come in pieces, in no chunk as a whole.
   */
  recordStreamEvents?: boolean;
  /** Called when the span of a call has started. What it throws is reported through `diag` and otherwise ignored. */
  requestHook?: (span: Span, info: BedrockRequestInfo) => void;
  /** Called when the SDK has answered or failed, before the span ends (streams: before the first chunk). */
  responseHook?: (span: Span, info: BedrockResponseInfo) => void;
  /** Keep spans of the HTTP requests underneath (HTTP instrumentation) out of the trace. Default: false. */
  suppressInternalInstrumentation?: boolean;
}

/** The configuration as it is used: defaults filled in, environment applied. */
export interface ResolvedConfig {
  /** Content is recorded somewhere, on spans or in events. */
  readonly captureContent: boolean;
  /** One event for each inference, with its content. */
  readonly emitEvents: boolean;
  readonly contentOnSpans: boolean;
  readonly genAiContent: boolean;
  readonly mlflowContent: boolean;
  readonly recordStreamEvents: boolean;
  readonly maxContentLength: number | undefined;
  readonly maxMediaBytes: number;
  readonly contentHook: BedrockInstrumentationConfig['contentHook'];
  readonly requestHook: BedrockInstrumentationConfig['requestHook'];
  readonly responseHook: BedrockInstrumentationConfig['responseHook'];
  readonly suppressInternalInstrumentation: boolean;
}

const CAPTURE_VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const DEFAULT_MAX_MEDIA_BYTES = 1_048_576;
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
 * @param warn is told of values that are not understood. Where one is about recording content, none is recorded: who
 *   wrote it wanted something else than the default.
 */
export function resolveConfig(
  config: BedrockInstrumentationConfig,
  env: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): ResolvedConfig {
  const capture = captureFromEnvironment(env[CAPTURE_VARIABLE], warn) ?? captureFromConfig(config, warn);
  const formats = contentFormats(config, warn);
  const maxMediaBytes = limit('maxMediaBytes', 'bytes', config.maxMediaBytes, warn) ?? DEFAULT_MAX_MEDIA_BYTES;
  return {
    captureContent: capture.onSpans || capture.inEvents,
    emitEvents: capture.inEvents,
    contentOnSpans: capture.onSpans,
    genAiContent: capture.onSpans && formats.includes('gen_ai'),
    mlflowContent: capture.onSpans && formats.includes('mlflow'),
    recordStreamEvents: capture.onSpans && (config.recordStreamEvents ?? config.contentHook === undefined),
    maxContentLength: limit('maxContentLength', 'characters', config.maxContentLength, warn),
    maxMediaBytes,
    contentHook: config.contentHook,
    requestHook: config.requestHook,
    responseHook: config.responseHook,
    suppressInternalInstrumentation: config.suppressInternalInstrumentation ?? false,
  };
}

function limit(
  name: string,
  unit: string,
  value: number | undefined,
  warn: (message: string) => void,
): number | undefined {
  if (value === undefined || value >= 0) return value;
  warn(`${name} must be 0 or more ${unit}, not ${value}; the default is used`);
  return undefined;
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
  warn(`captureMessageContent must be true or false, not ${captureMessageContent}; no content is recorded`);
  return NO_CAPTURE;
}

function contentFormats(
  { contentFormats: formats = DEFAULT_FORMATS }: BedrockInstrumentationConfig,
  warn: (message: string) => void,
): readonly string[] {
  if (Array.isArray(formats) && formats.every((format) => DEFAULT_FORMATS.includes(format))) return formats;
  warn(`contentFormats must be a list of ${DEFAULT_FORMATS.join(' and ')}, not ${formats}; the default is used`);
  return DEFAULT_FORMATS;
}
