/**
 * Requests and answers of MLflow's REST interface, as measured on MLflow 3.17 and 3.18. The server leaves out fields
 * without a value. It never sends null.
 */

/** State of a trace. A trace without a finished root span is in progress. */
export type TraceState = 'OK' | 'ERROR' | 'IN_PROGRESS' | 'STATE_UNSPECIFIED';

export interface WireTraceLocation {
  type: 'MLFLOW_EXPERIMENT';
  mlflow_experiment: { experiment_id: string };
}

export interface WireTraceInfo {
  /** `tr-` and the 32 hexadecimal digits of the OpenTelemetry trace id. */
  trace_id: string;
  trace_location: WireTraceLocation;
  /** RFC 3339. For any other text the server stores 1970 and reports no error. */
  request_time: string;
  /** Seconds, as in `0.050s`. */
  execution_duration?: string;
  state: TraceState;
  /** A repeated record without it erases it. */
  client_request_id?: string;
  request_preview?: string;
  response_preview?: string;
  trace_metadata?: Record<string, string>;
  tags?: Record<string, string>;
  assessments?: WireAssessment[];
}

export interface WireAssessment {
  assessment_id?: string;
  assessment_name: string;
  trace_id?: string;
  span_id?: string;
  source?: { source_type: string; source_id?: string };
  feedback?: { value?: unknown };
  expectation?: { value?: unknown; serialized_value?: { serialization_format: string; value: string } };
  rationale?: string;
  metadata?: Record<string, string>;
}

/** An OTLP attribute value as MLflow's answers spell it. */
export interface WireAnyValue {
  string_value?: string;
  int_value?: number | string;
  double_value?: number | string;
  bool_value?: boolean;
  array_value?: { values?: WireAnyValue[] };
  kvlist_value?: { values?: WireKeyValue[] };
}

export interface WireKeyValue {
  key: string;
  value?: WireAnyValue;
}

export interface WireSpan {
  /** Base64. */
  trace_id: string;
  /** Base64. */
  span_id: string;
  /** Base64; absent on the root. */
  parent_span_id?: string;
  name: string;
  /** For example `SPAN_KIND_CLIENT`; absent before MLflow 3.18. */
  kind?: string;
  /** Absent when 0, as is usual in protobuf's JSON. */
  start_time_unix_nano?: string;
  end_time_unix_nano?: string;
  attributes?: WireKeyValue[];
  events?: { name: string; time_unix_nano?: string; attributes?: WireKeyValue[] }[];
  /** With ids in base64. */
  links?: { trace_id: string; span_id: string; attributes?: WireKeyValue[] }[];
  status?: { code?: string; message?: string };
}

export interface WireTrace {
  trace_info: WireTraceInfo;
  spans?: WireSpan[];
}

export interface WireExperiment {
  experiment_id: string;
  name: string;
  lifecycle_stage: string;
}

export interface WireRun {
  info: {
    run_id: string;
    experiment_id: string;
    run_name?: string;
    status: string;
    start_time?: number;
    end_time?: number;
  };
  data?: {
    params?: { key: string; value: string }[];
    metrics?: { key: string; value: number | string }[];
    tags?: { key: string; value: string }[];
  };
}

/** A registered model. Prompts are registered models, too. */
export interface WireRegisteredModel {
  name: string;
  tags?: { key: string; value: string }[];
}

export interface WireModelVersion {
  name: string;
  version: string;
  description?: string;
  tags?: { key: string; value: string }[];
  aliases?: string[];
}
