/** Names and lengths that MLflow gives to attributes, tags, metadata and traces, if more than one file needs them. */

/** Span attribute: token counts as a JSON object. */
export const TOKEN_USAGE = 'mlflow.chat.tokenUsage';
/** Span attribute: cost in US dollars as a JSON object. */
export const COST = 'mlflow.llm.cost';
/** Span attribute: the model that a span called, as the application named it. */
export const LLM_MODEL = 'mlflow.llm.model';
/** Span attribute: the provider or vendor of that model. */
export const LLM_PROVIDER = 'mlflow.llm.provider';
/** Span attribute. */
export const SPAN_INPUTS = 'mlflow.spanInputs';
/** Span attribute. */
export const SPAN_OUTPUTS = 'mlflow.spanOutputs';
/** Span attribute: definitions of tools, in the shape of OpenAI's chat API. */
export const CHAT_TOOLS = 'mlflow.chat.tools';
/** Span attribute: `CHAT_MODEL`, `AGENT`, `TOOL` and so on. */
export const SPAN_TYPE = 'mlflow.spanType';
/** Span attribute: the form of a chat in inputs and outputs, for MLflow's page. */
export const MESSAGE_FORMAT = 'mlflow.message.format';
/** Prefix of root span attributes that become tags of the trace. */
export const TRACE_TAG_PREFIX = 'mlflow.traceTag.';
/** Prefix of root span attributes that become metadata of the trace. */
export const TRACE_METADATA_PREFIX = 'mlflow.traceMetadata.';

/** Attribute of a root span, of this project: the state of the trace, which wins over the status of the span. */
export const TRACE_STATE = 'mlflow.traceState';

/** Attribute of a root span: the application's own id of the request. */
export const CLIENT_REQUEST_ID = 'mlflow.clientRequestId';

/** Tag of a trace. */
export const TRACE_NAME = 'mlflow.traceName';
/** Tag of a trace and attribute of spans: a JSON list of prompt versions, as Python's client writes it. */
export const LINKED_PROMPTS = 'mlflow.linkedPrompts';
/** Tag of a trace: where an old server keeps its spans. */
export const ARTIFACT_LOCATION = 'mlflow.artifactLocation';
/** Tag of a trace: where the server keeps its spans. */
export const SPANS_LOCATION = 'mlflow.trace.spansLocation';
/** Tags that the server writes. With a value of a client, it would look for the spans in the wrong place. */
export const SERVER_TAGS: readonly string[] = [
  SPANS_LOCATION,
  ARTIFACT_LOCATION,
  'mlflow.trace.archiveLocation',
  'mlflow.trace.archivalFailure',
];

/** Metadata of a trace. */
export const SESSION = 'mlflow.trace.session';
/** Metadata of a trace. */
export const USER = 'mlflow.trace.user';
/** Metadata of a trace, and attribute of its root span: the run that the trace belongs to. */
export const SOURCE_RUN = 'mlflow.sourceRun';
/** Metadata of a trace: the sum of its spans. */
export const TRACE_TOKEN_USAGE = 'mlflow.trace.tokenUsage';
/** Metadata of a trace: the sum of its spans. */
export const TRACE_COST = 'mlflow.trace.cost';
/** Metadata of a trace, of clients: a JSON object with the number and the sizes of its spans. */
export const SIZE_STATS = 'mlflow.trace.sizeStats';
/** Metadata of a trace, of clients. */
export const SIZE_BYTES = 'mlflow.trace.sizeBytes';
/** Metadata of a trace: `true` once it has a record. */
export const FINALIZED = 'mlflow.trace.infoFinalized';
/** Metadata that clients write into the record of a root, and servers never write. */
export const SCHEMA_VERSION = 'mlflow.trace_schema.version';
/**
 * Metadata of a trace whose record comes from the topmost span of a process and not from the root: `true`. Once the root
 * has its record: `false`.
 */
export const PROVISIONAL = 'mlflow.exporter.provisional';

/**
 * Lengths of the server's columns, in characters. SQLite accepts longer values, but PostgreSQL and MySQL refuse them.
 */
export const LIMITS = {
  preview: 1000,
  clientRequestId: 50,
  key: 250,
  metadataValue: 8000,
  tagValue: 8000,
  /** The part of a tag's value that MLflow shows. */
  shownTagValue: 4096,
  traceName: 4096,
  session: 250,
  spanType: 500,
  /** Name and version of a linked prompt, with the slash between them. */
  promptVersion: 36,
} as const;

/** MLflow's id of a trace, `tr-` and 32 hexadecimal digits. Takes that id as well as OpenTelemetry's. */
export function mlflowTraceId(traceId: string): string {
  return /^[0-9a-f]{32}$/i.test(traceId) ? `tr-${traceId.toLowerCase()}` : traceId;
}

/** Path of the routes about traces. */
export const TRACES = '/api/3.0/mlflow/traces';

/** Path of the routes about one trace. */
export function tracePath(traceId: string): string {
  return `${TRACES}/${encodeURIComponent(mlflowTraceId(traceId))}`;
}
