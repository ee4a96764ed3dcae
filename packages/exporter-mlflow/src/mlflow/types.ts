import type { Cost, TokenUsage } from './figures.js';
import type { TraceState } from './wire-types.js';

/** An MLflow experiment. */
export interface MlflowExperiment {
  /** A number as text. */
  experimentId: string;
  /** Unique on the server. */
  name: string;
  /** A deleted experiment is found by its name, but takes no traces until it is restored. */
  deleted: boolean;
}

/** A trace without its spans. */
export interface MlflowTraceInfo {
  /** `tr-` and the 32 hexadecimal digits of the OpenTelemetry trace id. */
  traceId: string;
  /** The experiment that the trace belongs to. */
  experimentId: string;
  /** Empty if the trace has no name. */
  name: string;
  /** `IN_PROGRESS` until the root span has ended. */
  state: TraceState;
  /** Start of the trace. */
  requestTime: Date;
  /** In milliseconds; absent while no span has ended. */
  durationMillis?: number;
  /** The request in short, at most 1000 characters; absent if there is none. */
  requestPreview?: string;
  /** The response in short, at most 1000 characters; absent if there is none. */
  responsePreview?: string;
  /** The application's own id of the request; absent if it set none. */
  clientRequestId?: string;
  /**
   * The conversation that the trace belongs to, as MLflow stores it; absent if unknown. A session of several levels is a
   * JSON list of them, for example `["trip-2","leg-1"]`.
   */
  sessionId?: string;
  /** The levels of the session, outermost first. A session without levels is the only element. Absent if unknown. */
  sessionPath?: string[];
  /** The user of the application; absent if unknown. */
  userId?: string;
  /** The run that the trace was made in; absent outside of runs. */
  runId?: string;
  /** Sum over the spans; absent if no span counts tokens. */
  tokenUsage?: TokenUsage;
  /** Sum over the spans, in US dollars; absent if MLflow has no price for the model. */
  cost?: Cost;
  /** All metadata, including those that other fields show. */
  metadata: Record<string, string>;
  /** Unlike metadata, tags can be changed. */
  tags: Record<string, string>;
  /** Assessments of the trace and of its spans. */
  assessments: MlflowAssessment[];
}

/** The role of a span in OpenTelemetry. */
export type MlflowSpanKind = 'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER';

/** An event of a span. */
export interface MlflowSpanEvent {
  /** For example `exception`. */
  name: string;
  /** Nanoseconds of the epoch. */
  timeUnixNano: bigint;
  /** Empty if there are none. */
  attributes: Record<string, unknown>;
}

/** A reference from one span to another, often in another trace. */
export interface MlflowSpanLink {
  /** `tr-` and the 32 hexadecimal digits of the OpenTelemetry trace id. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  /** Empty if there are none. */
  attributes: Record<string, unknown>;
}

/** A span as MLflow stored it. */
export interface MlflowSpan {
  /** 16 hexadecimal digits. */
  spanId: string;
  /** 16 hexadecimal digits; absent on a root. */
  parentSpanId?: string;
  /** The name that the application gave the span. */
  name: string;
  /** `CHAT_MODEL`, `AGENT`, `TOOL`, …; `UNKNOWN` if the span has no type. */
  type: string;
  /**
   * Absent before MLflow 3.18, which keeps no kinds in its database. Spans that were stored before an update are `INTERNAL`.
   * Files have the kind if this package or MLflow 3.18 wrote them.
   */
  kind?: MlflowSpanKind;
  /** Nanoseconds of the epoch. */
  startTimeUnixNano: bigint;
  /** Nanoseconds of the epoch; absent if the span has not ended. */
  endTimeUnixNano?: bigint;
  /** `false` for errors only: MLflow stores OK in the same way as UNSET. */
  ok: boolean;
  /** Empty without one. */
  statusMessage: string;
  /** MLflow returns recorded JSON as the values that it stands for. */
  attributes: Record<string, unknown>;
  /** In the order in which they were recorded. */
  events: MlflowSpanEvent[];
  /** Empty if there are none. */
  links: MlflowSpanLink[];
  /** The recorded input; absent if there is none. */
  inputs?: unknown;
  /** The recorded output; absent if there is none. */
  outputs?: unknown;
  /** The model that the span called; absent if unknown. */
  model?: string;
  /** Absent if the span counts no tokens. */
  tokenUsage?: TokenUsage;
  /** In US dollars; absent if MLflow has no price for the model. */
  cost?: Cost;
}

/** A trace with its spans. */
export interface MlflowTrace {
  /** What holds for the whole trace. */
  info: MlflowTraceInfo;
  /** In the order of their start. */
  spans: MlflowSpan[];
}

/** Which traces to find. */
export interface MlflowTraceSearch {
  /** Experiments to search, at least one. */
  experimentIds: string[];
  /** In MLflow's filter language, for example `attributes.status = 'ERROR' AND tags.team = 'a'`. Default: all. */
  filter?: string;
  /** For example `['timestamp_ms DESC']`. Default: newest first. */
  orderBy?: string[];
  /** Traces per page, at most 500. Default: 100. */
  maxResults?: number;
  /** `nextPageToken` of the page before. Default: the first page. */
  pageToken?: string;
}

/** One page of a search. */
export interface MlflowTracePage {
  /** In the order of the search. */
  traces: MlflowTraceInfo[];
  /** Absent on the last page. */
  nextPageToken?: string;
}

/** The judge of a trace: a person, code, or a language model. */
export interface MlflowAssessmentSource {
  /** The kind of judge. */
  type: 'HUMAN' | 'CODE' | 'LLM_JUDGE';
  /** For example a user name or the name of the judging model. Default: `default`. */
  id?: string;
}

/** `feedback`: how good a trace was. `expectation`: what would have been right. */
export type MlflowAssessmentKind = 'feedback' | 'expectation';

/** A judgement about a trace. */
export interface MlflowAssessmentInput {
  /** What is judged, for example `correctness`. */
  name: string;
  /** Any JSON value. */
  value: unknown;
  /** Default: `CODE`. */
  source?: MlflowAssessmentSource;
  /** Why. Default: none. */
  rationale?: string;
  /** Judges one span, by 16 hexadecimal digits. Default: the whole trace. */
  spanId?: string;
  /** Default: none. */
  metadata?: Record<string, string>;
}

/** The members of an assessment to change. The others stay. */
export type MlflowAssessmentUpdate = Partial<Pick<MlflowAssessmentInput, 'name' | 'value' | 'rationale' | 'metadata'>>;

/** A stored judgement about a trace or one of its spans. */
export interface MlflowAssessment {
  /** The id that the server gave it. */
  assessmentId: string;
  /** What is judged. */
  name: string;
  /** How good it was, or what would have been right. */
  kind: MlflowAssessmentKind;
  /** Any JSON value. */
  value: unknown;
  /** The judge. */
  source: MlflowAssessmentSource;
  /** Why; absent if the judge gave no reason. */
  rationale?: string;
  /** Absent if it is about the whole trace. */
  spanId?: string;
  /** Empty if there are none. */
  metadata: Record<string, string>;
}

/** One message of a chat prompt. */
export interface MlflowPromptMessage {
  /** For example `system` or `user`. */
  role: string;
  /** Text with variables as in `{{question}}`. */
  content: string;
}

/** Which version of a prompt. Default: the newest one. */
export interface MlflowPromptSelection {
  /** Wins over `alias`. */
  version?: number | string;
  /** For example `production`. */
  alias?: string;
}

/** One version of a registered prompt. */
export interface MlflowPrompt {
  /** Letters, digits, `.`, `-` and `_`. */
  name: string;
  /** Counted from 1. */
  version: number;
  /** A text, or the messages of a chat, with variables as in `{{question}}`. */
  template: string | MlflowPromptMessage[];
  /** The author's comment on this version. */
  commitMessage?: string;
  /** Names that stand for this version now. */
  aliases: string[];
  /** Tags of this version. */
  tags: Record<string, string>;
  /** JSON schema of the expected answer. */
  responseFormat?: unknown;
  /** Model and parameters that the prompt is meant for. */
  modelConfig?: Record<string, unknown>;
}

/** A new version of a prompt. */
export interface MlflowPromptInput
  extends Pick<MlflowPrompt, 'template' | 'commitMessage' | 'responseFormat' | 'modelConfig'> {
  /** Tags of this version. Default: none. */
  tags?: Record<string, string>;
}

/** A version of a prompt. Every {@link MlflowPrompt} is one, too. */
export interface MlflowPromptReference {
  /** The name of the prompt. */
  name: string;
  /** The number of the version. */
  version: number | string;
}

/** Data of a run. */
export interface MlflowRunData {
  /** A parameter cannot change: another value later is an error. Default: none. */
  params?: Record<string, string | number | boolean>;
  /** The server keeps every value of a metric, by step. Default: none. */
  metrics?: Record<string, number>;
  /** An earlier value of a tag is replaced. Default: none. */
  tags?: Record<string, string>;
  /** Step of the metrics. Default: 0. */
  step?: number;
}

/** A run to start. */
export interface MlflowRunInput {
  /** The experiment that the run belongs to. */
  experimentId: string;
  /** Default: MLflow makes up a name. */
  name?: string;
  /** Default: none. */
  tags?: Record<string, string>;
}

/** State of a run. */
export type MlflowRunStatus = 'RUNNING' | 'FINISHED' | 'FAILED' | 'KILLED' | 'SCHEDULED';

/** An MLflow run. */
export interface MlflowRun {
  /** 32 hexadecimal digits. */
  runId: string;
  /** The experiment that the run belongs to. */
  experimentId: string;
  /** Empty if the run has no name. */
  name: string;
  /** `RUNNING` until the run has ended. */
  status: MlflowRunStatus;
  /** Absent if unknown. */
  startTime?: Date;
  /** Absent while the run goes on. */
  endTime?: Date;
  /** Empty if there are none. */
  params: Record<string, string>;
  /** The last value of each. */
  metrics: Record<string, number>;
  /** Includes the tags that the server writes. */
  tags: Record<string, string>;
}
