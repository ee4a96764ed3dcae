import { mlflowTraceId, SPANS_LOCATION, TRACES } from './names.js';
import { type Rest, type RestResult, requireText } from './rest.js';
import type { WireTraceInfo } from './wire-types.js';

/** Where the server keeps a trace. */
export interface TraceLocation {
  experimentId: string;
  /** Whether the server moved the spans into its archive, where none can be added. */
  isArchived: boolean;
}

const ARCHIVED = 'ARCHIVE_REPO';

/** The locations of those traces that the server knows, by their ids in OpenTelemetry's form. */
export function getTraceLocations(
  rest: Rest,
  traceIds: readonly string[],
): Promise<RestResult<Map<string, TraceLocation>>> {
  return rest.call({
    method: 'POST',
    path: `${TRACES}/batchGetInfos`,
    body: { trace_ids: traceIds.map(mlflowTraceId) },
    parse: ({ trace_infos: infos = [] }: { trace_infos?: WireTraceInfo[] }) =>
      new Map(
        infos.map(({ trace_id: id, trace_location: location, tags = {} }) => [
          requireText(id).replace(/^tr-/, ''),
          {
            experimentId: requireText(location.mlflow_experiment.experiment_id),
            isArchived: tags[SPANS_LOCATION] === ARCHIVED,
          },
        ]),
      ),
  });
}
