import { ownText, type ShownText, say } from '../common/shown-text.js';
import type { OtlpEndpoint } from './otlp.js';
import type { Rest, RestResult } from './rest.js';
import type { WireTraceInfo } from './wire-types.js';

/** A schema of Databricks' Unity Catalog, whose tables keep traces. */
export interface CatalogSchema {
  readonly catalog: string;
  readonly schema: string;
}

// As in Python's client, for schemas that `set_experiment_trace_location` has set up.
const SPANS_TABLE = 'mlflow_experiment_trace_otel_spans';
const LOGS_TABLE = 'mlflow_experiment_trace_otel_logs';

/** MLflow's id of a trace there, by OpenTelemetry's id. */
export function catalogTraceId(schema: CatalogSchema, traceId: string): string {
  return `trace:/${locationOf(schema)}/${traceId}`;
}

/** Why this package cannot read or change a trace; undefined if it is none of Unity Catalog. */
export function explainCatalogTrace(traceId: string): ShownText | undefined {
  if (!traceId.startsWith('trace:/')) return undefined;
  return say`Trace ${ownText(traceId)} is in Unity Catalog, which needs a SQL warehouse: use MLflow's Python client with MLFLOW_TRACING_SQL_WAREHOUSE_ID, or Databricks' own pages.`;
}

/** Takes the spans of these tables. Python's client sends them uncompressed; whether the route takes gzip is unknown. */
export function catalogOtlp(schema: CatalogSchema, translate: NonNullable<OtlpEndpoint['translate']>): OtlpEndpoint {
  return {
    path: OTLP_PATH,
    headers: () => ({ 'x-databricks-uc-table-name': `${locationOf(schema)}.${SPANS_TABLE}` }),
    translate,
    isOptional: false,
    compression: 'none',
  };
}

const OTLP_PATH: ShownText = say`/api/2.0/otel/v1/traces`;

/** Writes the record of a trace of these tables. The record has another location and id than that of an experiment. */
export function postCatalogRecord(
  rest: Rest,
  schema: CatalogSchema,
  traceId: string,
  { trace_id: _id, trace_location: _location, ...info }: WireTraceInfo,
): Promise<RestResult<void>> {
  const { request_preview: request = '', response_preview: response = '', trace_metadata: metadata, tags } = info;
  return rest.call({
    method: 'POST',
    path: `/api/4.0/mlflow/traces/${encodeURIComponent(locationOf(schema))}/${traceId}/info`,
    body: {
      trace_id: traceId,
      trace_location: {
        type: 'UC_SCHEMA',
        uc_schema: {
          catalog_name: schema.catalog,
          schema_name: schema.schema,
          otel_spans_table_name: SPANS_TABLE,
          otel_logs_table_name: LOGS_TABLE,
        },
      },
      ...info,
    },
    recorded: () => [request, response, ...Object.values(metadata ?? {}), ...Object.values(tags ?? {})],
    parse: () => undefined,
  });
}

function locationOf({ catalog, schema }: CatalogSchema): string {
  return `${catalog}.${schema}`;
}
