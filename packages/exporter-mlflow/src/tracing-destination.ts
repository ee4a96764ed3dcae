import { MlflowError } from './common/error.js';
import { ownText } from './common/shown-text.js';
import type { ExperimentSetting } from './export/experiment.js';
import { readEnvironment } from './http/settings/environment.js';
import { requireHeaderValue } from './http/settings/header.js';
import type { TrackingService } from './http/tracking-uri/destination.js';
import { defaultTrackingUri } from './http/tracking-uri/kinds.js';
import type { CatalogSchema } from './mlflow/unity-catalog.js';

/** The options that decide it: see `MlflowSpanExporterConfig`. */
interface Settings {
  experimentId?: string;
  experimentName?: string;
  tracingDestination?: string;
  trackingUri?: string;
}

const DEFAULT_EXPERIMENT_NAME = 'Default';

/** Where the settings send traces, as far as that does not depend on the server. */
interface TracingDestination {
  /** Of Databricks' Unity Catalog; undefined if traces go to an experiment. */
  schema: CatalogSchema | undefined;
  trackingUri: string;
}

/**
 * Reads the tracking URI, and the schema of Unity Catalog that the settings name.
 *
 * @throws MlflowError if the destination is neither a schema nor an experiment
 */
export function resolveTracingDestination(config: Settings, env: NodeJS.ProcessEnv): TracingDestination {
  const destination = config.tracingDestination || readEnvironment(env, 'MLFLOW_TRACING_DESTINATION');
  const trackingUri =
    config.trackingUri || readEnvironment(env, 'MLFLOW_TRACKING_URI') || defaultTrackingUri(destination);
  const [catalog = '', schema, ...more] = (destination ?? '').split('.');
  if (destination === undefined || schema === undefined) return { schema: undefined, trackingUri };
  if (more.length > 0 || catalog === '' || schema === '') {
    throw new MlflowError(
      `MLflow exporter: tracingDestination or MLFLOW_TRACING_DESTINATION is "${ownText(destination)}", it must be <catalog>.<schema> of Unity Catalog, or the id of an experiment. Prefixes of tables are not supported.`,
    );
  }
  requireHeaderValue(destination, 'tracingDestination or MLFLOW_TRACING_DESTINATION');
  return { schema: { catalog, schema }, trackingUri };
}

/** @throws MlflowError if only Databricks has what the settings name */
export function requireCatalog({ schema }: TracingDestination, service: TrackingService): void {
  if (schema === undefined || service === 'databricks') return;
  throw new MlflowError(
    `MLflow exporter: tracingDestination or MLFLOW_TRACING_DESTINATION is "${ownText(`${schema.catalog}.${schema.schema}`)}", a schema of Unity Catalog, which only Databricks has: set trackingUri or MLFLOW_TRACKING_URI to "databricks" or "databricks://<profile>".`,
  );
}

/**
 * Returns the experiment that receives the traces.
 *
 * @throws MlflowError if an id is no number, or none is set and the server has no default
 */
export function resolveExperiment(
  config: Settings,
  env: NodeJS.ProcessEnv,
  service: TrackingService,
  { schema }: TracingDestination,
): ExperimentSetting {
  if (schema !== undefined) return { place: `${schema.catalog}.${schema.schema}` };
  // First, code wins over the environment. Second, an id wins over a name.
  const id = config.tracingDestination || config.experimentId;
  if (id) return { id: numericId(id) };
  if (config.experimentName) return { name: config.experimentName };
  const variable = readEnvironment(env, 'MLFLOW_TRACING_DESTINATION') ?? readEnvironment(env, 'MLFLOW_EXPERIMENT_ID');
  if (variable !== undefined) return { id: numericId(variable) };
  const name = readEnvironment(env, 'MLFLOW_EXPERIMENT_NAME');
  if (name === undefined && service === 'databricks') {
    throw new MlflowError(
      'MLflow exporter: no experiment is set, and Databricks has none with the name Default: set experimentName or MLFLOW_EXPERIMENT_NAME to a path in the workspace, such as /Users/<user name>/<name>.',
    );
  }
  return { name: name ?? DEFAULT_EXPERIMENT_NAME };
}

function numericId(id: string): string {
  if (/^\d+$/.test(id)) return id;
  throw new MlflowError(
    `MLflow experiment id "${ownText(id)}" is not a number: use the number from the experiment's page, or experimentName or MLFLOW_EXPERIMENT_NAME for a name.`,
  );
}
