/** What is measured, and how each instrumentation is switched on. */

/** `none` is the baseline that every other variant is paired with. */
export const VARIANTS = [
  'none',
  'ours',
  'ours, chunk events',
  'ours, content off',
  'ours, unsampled',
  'traceloop',
  'openinference',
  'contrib aws-sdk',
] as const;

export type Variant = (typeof VARIANTS)[number];

/** The peers' packages with the versions that are compared. */
export const PEERS: Readonly<Record<string, string>> = {
  '@traceloop/instrumentation-bedrock': '0.27.0',
  '@arizeai/openinference-instrumentation-bedrock': '0.5.1',
  '@opentelemetry/instrumentation-aws-sdk': '0.78.0',
};

/** Package and class of each variant that is not this project's. */
export const PEER_OF: { readonly [Name in Variant]?: readonly [packageName: string, className: string] } = {
  traceloop: ['@traceloop/instrumentation-bedrock', 'BedrockInstrumentation'],
  openinference: ['@arizeai/openinference-instrumentation-bedrock', 'BedrockInstrumentation'],
  'contrib aws-sdk': ['@opentelemetry/instrumentation-aws-sdk', 'AwsInstrumentation'],
};

/** Options of this project's instrumentation; chunk events are off where they are not the point, as no peer has them. */
export const OUR_OPTIONS: { readonly [Name in Variant]?: object } = {
  ours: { recordStreamEvents: false },
  'ours, chunk events': { recordStreamEvents: true },
  'ours, content off': { captureMessageContent: false },
  'ours, unsampled': {},
};

export const OPERATIONS = ['Converse', 'InvokeModel', 'ConverseStream', 'InvokeModelWithResponseStream'] as const;

export type Operation = (typeof OPERATIONS)[number];

/** Two lengths of stream: their difference is the cost of the chunks. */
export const SHORT_STREAM = 10;
export const LONG_STREAM = 210;

export interface Job {
  readonly variant: Variant;
  readonly operation: Operation;
  /** File with the raw HTTP answer. */
  readonly answer: string;
  readonly calls: number;
}

export interface Answer {
  readonly headers: Record<string, string>;
  /** Base64. */
  readonly body: string;
}

/** What a child process measured. */
export interface Measurement {
  /** CPU time of one call, user and system, in microseconds. */
  readonly microseconds: number;
  readonly check: Check;
}

/** What came of one call before the measurement. */
export interface Check {
  /** Events that the application received. */
  readonly events: number;
  /** Spans that ended. */
  readonly spans: number;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** Whether the answer's text is on a span. */
  readonly hasContent: boolean;
}
