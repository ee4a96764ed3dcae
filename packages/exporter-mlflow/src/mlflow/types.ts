import type { Cost, TokenUsage } from './figures.js';
import type { TraceState } from './wire-types.js';

/** An MLflow experiment. */
export interface MlflowExperiment {
  experimentId: string;
  name: string;
  /** A deleted experiment can be found by its name, but takes no traces until it is restored. */
  deleted: boolean;
}

/** What MLflow knows of a trace as a whole. */
export interface MlflowTraceInfo {
  /** `tr-` and the 32 hexadecimal digits of the OpenTelemetry trace id. */
  traceId: string;
  experimentId: string;
  /** Empty when nobody named the trace. */
  name: string;
  state: TraceState;
  requestTime: Date;
  /** In milliseconds; absent while nothing has ended. */
  durationMillis?: number;
  requestPreview?: string;
  responsePreview?: string;
  clientRequestId?: string;
  sessionId?: string;
  userId?: string;
  /** The run that the trace was made in. */
  runId?: string;
  /** Sum over the spans. */
  tokenUsage?: TokenUsage;
  /** Sum over the spans, in US dollars; absent when MLflow has no price for the model. */
  cost?: Cost;
  /** All of it, what stands in other fields included. */
  metadata: Record<string, string>;
  tags: Record<string, string>;
  assessments: MlflowAssessment[];
}

/** One span as MLflow stored it. */
export interface MlflowSpan {
  /** 16 hexadecimal digits. */
  spanId: string;
  /** Absent on the root. */
  parentSpanId?: string;
  name: string;
  /** `CHAT_MODEL`, `AGENT`, `TOOL`, …; `UNKNOWN` when nobody said. */
  type: string;
  /** Nanoseconds of the epoch. */
  startTimeUnixNano: bigint;
  endTimeUnixNano?: bigint;
  /** Status OK is stored as UNSET is: `ok` is false only for errors. */
  ok: boolean;
  statusMessage: string;
  /** Recorded JSON comes back as the objects it stands for. */
  attributes: Record<string, unknown>;
  events: { name: string; timeUnixNano: bigint; attributes: Record<string, unknown> }[];
  inputs?: unknown;
  outputs?: unknown;
  model?: string;
  tokenUsage?: TokenUsage;
  cost?: Cost;
}

/** A trace with its spans. */
export interface MlflowTrace {
  info: MlflowTraceInfo;
  /** In the order of their start. */
  spans: MlflowSpan[];
}

/** Which traces to find. */
export interface MlflowTraceSearch {
  experimentIds: string[];
  /** In MLflow's filter language, for example `attributes.status = 'ERROR' AND tags.team = 'a'`. Default: all. */
  filter?: string;
  /** For example `['timestamp_ms DESC']`. Default: newest first. */
  orderBy?: string[];
  /** Traces per page, at most 500. Default: 100. */
  maxResults?: number;
  /** From the page before. Default: the first page. */
  pageToken?: string;
}

export interface MlflowTracePage {
  traces: MlflowTraceInfo[];
  /** Absent on the last page. */
  nextPageToken?: string;
}

/** Who judged: a person, code, or a language model. */
export interface MlflowAssessmentSource {
  type: 'HUMAN' | 'CODE' | 'LLM_JUDGE';
  /** For example a user name or the name of the judging model. */
  id?: string;
}

/** A judgement to write down. */
export interface MlflowAssessmentInput {
  name: string;
  /** Any JSON value. */
  value: unknown;
  /** Default: `CODE`. */
  source?: MlflowAssessmentSource;
  rationale?: string;
  /** Judge one span instead of the whole trace. */
  spanId?: string;
  metadata?: Record<string, string>;
}

/** What to change; the rest stays. */
export type MlflowAssessmentUpdate = Partial<Pick<MlflowAssessmentInput, 'name' | 'value' | 'rationale' | 'metadata'>>;

export interface MlflowAssessment {
  assessmentId: string;
  name: string;
  /** `feedback`: how good it was. `expectation`: what would have been right. */
  kind: 'feedback' | 'expectation';
  value: unknown;
  source: MlflowAssessmentSource;
  rationale?: string;
  spanId?: string;
  metadata: Record<string, string>;
}

/** One message of a chat prompt. */
export interface MlflowPromptMessage {
  role: string;
  content: string;
}

/** Which version of a prompt. Without `version` and `alias`: the newest one. */
export interface MlflowPromptSelection {
  version?: number | string;
  /** For example `production`. */
  alias?: string;
}

/** One version of a registered prompt. */
export interface MlflowPrompt {
  name: string;
  version: number;
  /** A text, or the messages of a chat, with variables as in `{{question}}`. */
  template: string | MlflowPromptMessage[];
  /** What the author said about this version. */
  commitMessage?: string;
  /** Names that stand for this version now. */
  aliases: string[];
  tags: Record<string, string>;
  /** JSON schema of the expected answer. */
  responseFormat?: unknown;
  /** Model and parameters that the prompt is meant for. */
  modelConfig?: Record<string, unknown>;
}

/** A new version of a prompt. */
export interface MlflowPromptInput
  extends Pick<MlflowPrompt, 'template' | 'commitMessage' | 'responseFormat' | 'modelConfig'> {
  /** Of this version. Default: none. */
  tags?: Record<string, string>;
}

/** A version of a prompt; a {@link MlflowPrompt} is one, too. */
export interface MlflowPromptReference {
  name: string;
  version: number | string;
}

/** What to write down on a run at once. */
export interface MlflowRunData {
  /** Each is set once: another value later is an error. */
  params?: Record<string, string | number | boolean>;
  metrics?: Record<string, number>;
  tags?: Record<string, string>;
  /** Of the metrics. Default: 0. */
  step?: number;
}

export interface MlflowRunInput {
  experimentId: string;
  /** Default: one that MLflow makes up. */
  name?: string;
  tags?: Record<string, string>;
}

export type MlflowRunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED' | 'SCHEDULED';

export interface MlflowRun {
  runId: string;
  experimentId: string;
  name: string;
  status: MlflowRunStatus;
  startTime?: Date;
  endTime?: Date;
  params: Record<string, string>;
  /** The last value of each. */
  metrics: Record<string, number>;
  tags: Record<string, string>;
}
