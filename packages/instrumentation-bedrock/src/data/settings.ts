/** What the application configures: the types of hooks and content, and the settings as calls use them. */

import type { Span } from '@opentelemetry/api';
import type { JsonValue } from './json.js';

/** An operation of one of the traced clients: the name of its command without `Command`. The list has the frequent ones. */
export type BedrockOperation =
  | 'Converse'
  | 'ConverseStream'
  | 'InvokeModel'
  | 'InvokeModelWithResponseStream'
  | 'InvokeModelWithBidirectionalStream'
  | 'ApplyGuardrail'
  | 'InvokeGuardrailChecks'
  | 'CountTokens'
  | 'StartAsyncInvoke'
  | 'GetAsyncInvoke'
  | 'ListAsyncInvokes'
  | 'InvokeAgent'
  | 'InvokeInlineAgent'
  | 'InvokeFlow'
  | 'Retrieve'
  | 'RetrieveAndGenerate'
  | 'RetrieveAndGenerateStream'
  | 'AgenticRetrieveStream'
  | 'Rerank'
  | 'GenerateQuery'
  | 'OptimizePrompt'
  | 'InvokeAgentRuntime'
  | 'InvokeHarness'
  | 'chat.completions'
  | 'completions'
  | 'responses'
  | 'embeddings'
  | (string & {});

/** What every hook receives about the call. */
export interface BedrockCallInfo {
  readonly operation: BedrockOperation;
  /**
   * The model id exactly as the application set it; undefined if the request names no model, like that of InvokeAgent.
   * With `step`: the model id that the service reports.
   */
  readonly modelId: string | undefined;
  /**
   * The work inside the service to which the content belongs, by its `gen_ai.operation.name`, such as a model call of an
   * agent (`chat`); undefined for the call itself.
   */
  readonly step?: string | undefined;
}

/** What `requestHook` receives. It runs for calls, not for the steps of an agent or a flow. */
export interface BedrockRequestInfo extends BedrockCallInfo {
  /** The command's input: the application's own object. Changing it changes the request. */
  readonly input: unknown;
}

/** What `responseHook` receives. It runs for calls, not for the steps of an agent or a flow. */
export interface BedrockResponseInfo extends BedrockCallInfo {
  /** The SDK's output; absent after an error. Hooks must not read the stream of a streaming operation. */
  readonly output?: unknown;
  /** The error that the SDK threw; absent after an answer. */
  readonly error?: unknown;
}

/** What `contentHook` receives: one piece of content before it is recorded. */
export interface BedrockContent extends BedrockCallInfo {
  /**
   * `request`: messages, prompts and tools; `response`: the answer; `chunk`: one event of a stream;
   * `error`: the message of a failure, which can quote the request.
   */
  readonly kind: 'request' | 'response' | 'chunk' | 'error';
  /**
   * A plain copy of the whole input or output. For InvokeModel, `body` is parsed JSON. A number that a JavaScript number
   * cannot hold is text, so that the hook sees all digits.
   */
  readonly value: JsonValue;
}

/** A form in which content is recorded; see {@link BedrockInstrumentationConfig.contentFormats}. */
export type ContentFormat = 'gen_ai' | 'mlflow';

/**
 * What happens to words in facts that an application, a user or a model may have written, such as an unknown stop reason:
 * `all`: they are recorded; `hooked`: only as `contentHook` has returned them; `none`: they are not recorded.
 */
export type ForeignWords = 'all' | 'hooked' | 'none';

/** The configuration as calls use it: with defaults filled in and environment variables applied. */
export interface ResolvedConfig {
  /** True if content is recorded on spans or in events. */
  readonly captureContent: boolean;
  /** True if each inference also emits an event with its content. */
  readonly emitEvents: boolean;
  readonly contentOnSpans: boolean;
  readonly foreignWords: ForeignWords;
  readonly genAiContent: boolean;
  readonly mlflowContent: boolean;
  readonly recordStreamEvents: boolean;
  /** In characters; undefined for no limit. */
  readonly maxContentLength: number | undefined;
  /** In bytes. */
  readonly maxMediaBytes: number;
  /** In numbers. */
  readonly maxEmbeddingLength: number;
  /** In characters. */
  readonly maxRecordLength: number;
  readonly suppressInternalInstrumentation: boolean;
  /** Hosts beside those of AWS on which clients of OpenAI's SDK reach Bedrock. */
  readonly openAIHosts: readonly string[];
  /** True if metrics also have the names of the newer conventions. */
  readonly newerMetrics: boolean;
  // Each hook is documented with the option of its name.
  readonly contentHook?: ((content: BedrockContent) => JsonValue | undefined) | undefined;
  readonly requestHook?: ((span: Span, info: BedrockRequestInfo) => void) | undefined;
  readonly responseHook?: ((span: Span, info: BedrockResponseInfo) => void) | undefined;
}
