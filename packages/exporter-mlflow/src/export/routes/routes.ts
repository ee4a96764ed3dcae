import type { TrackingService } from '../../http/tracking-uri/destination.js';
import { MLFLOW_OTLP } from '../../mlflow/otlp.js';
import type { CatalogSchema } from '../../mlflow/unity-catalog.js';
import { createSettling } from '../settle/settle.js';
import type { SpanRoute } from './span-route.js';
import { catalogRoute } from './unity-catalog.js';

/** What decides how spans get to a server. */
interface RouteSettings {
  /** The operator of the server. */
  service: TrackingService;
  /** Where Databricks keeps the traces; undefined for experiments. */
  schema: CatalogSchema | undefined;
}

interface SpanRouteRow {
  matches(settings: RouteSettings): boolean;
  /** @throws MlflowError that says what to do if a setting cannot work */
  resolve(settings: RouteSettings): SpanRoute;
}

const MLFLOW: SpanRoute = { otlp: MLFLOW_OTLP, createSettling };

/**
 * The first row that matches decides. A new route is a row here, and a file beside this one for what only that route
 * needs: its OTLP endpoint, or how it writes records.
 */
const ROWS: readonly SpanRouteRow[] = [
  {
    matches: ({ schema }) => schema !== undefined,
    resolve: ({ schema }) => catalogRoute(schema as CatalogSchema),
  },
  {
    // Databricks takes OTLP only for tables of Unity Catalog.
    matches: ({ service }) => service === 'databricks',
    resolve: () => ({ createSettling }),
  },
  {
    // It is unknown whether the service accepts compressed bodies. The reference client sends none.
    matches: ({ service }) => service === 'sagemaker',
    resolve: () => ({ ...MLFLOW, otlp: { ...MLFLOW_OTLP, compression: 'none' } }),
  },
  { matches: () => true, resolve: () => MLFLOW },
];

/**
 * Returns how spans get to the server of these settings.
 *
 * @throws MlflowError that says what to do if a setting cannot work
 */
export function resolveSpanRoute(settings: RouteSettings): SpanRoute {
  const row = ROWS.find(({ matches }) => matches(settings)) as SpanRouteRow;
  return row.resolve(settings);
}
