import type { AwsAccess } from '../aws/access.js';
import type { MlflowConnectionConfig } from '../settings/config.js';
import { readEnvironment } from '../settings/environment.js';
import { isDatabricksUri, resolveDatabricks } from './databricks.js';
import type { Destination } from './destination.js';
import { resolveHttp } from './http.js';
import { isArn, resolveSageMaker } from './sagemaker.js';

/** A kind of tracking URI. */
interface TrackingUriKind {
  matches(uri: string): boolean;
  /** @throws MlflowError that says what to do if the URI or other settings cannot work */
  resolve(uri: string, config: MlflowConnectionConfig, env: NodeJS.ProcessEnv, aws: AwsAccess): Destination;
}

const DEFAULT_TRACKING_URI = 'http://localhost:5000';

/** The first kind that matches decides. */
const KINDS: readonly TrackingUriKind[] = [
  { matches: isDatabricksUri, resolve: resolveDatabricks },
  { matches: isArn, resolve: (uri, _config, env, aws) => resolveSageMaker(uri, env, aws) },
  // Last, because it explains why any other text is no tracking URI.
  { matches: () => true, resolve: resolveHttp },
];

/**
 * The tracking URI if none is set. As in Python's client, a schema of Unity Catalog is enough to mean Databricks.
 *
 * @param tracingDestination `<catalog>.<schema>`, or the id of an experiment
 */
export function defaultTrackingUri(tracingDestination: string | undefined): string {
  return tracingDestination?.includes('.') ? 'databricks' : DEFAULT_TRACKING_URI;
}

/**
 * Returns what the tracking URI of these settings stands for.
 *
 * @throws MlflowError that says what to do if a setting cannot work
 */
export function resolveDestination(
  config: MlflowConnectionConfig,
  env: NodeJS.ProcessEnv,
  aws: AwsAccess,
): Destination {
  const uri =
    config.trackingUri ||
    readEnvironment(env, 'MLFLOW_TRACKING_URI') ||
    defaultTrackingUri(readEnvironment(env, 'MLFLOW_TRACING_DESTINATION'));
  const kind = KINDS.find(({ matches }) => matches(uri)) as TrackingUriKind;
  return kind.resolve(uri, config, env, aws);
}
