/** Reads settings from the environment. An empty variable counts as unset. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Options of the exporter that decide where traces go. */
interface DestinationOptions {
  readonly trackingUri?: string;
  readonly tracingDestination?: string;
}

const DEFAULT_TRACKING_URI = 'http://localhost:5000';

/** True if `OTEL_SDK_DISABLED` is `true`, as the OpenTelemetry specification defines it. */
export function isSdkDisabled(env: Environment): boolean {
  return isTrue(env['OTEL_SDK_DISABLED']);
}

/** True if a variable names an OTLP backend. */
export function hasOtlpEndpoint(env: Environment): boolean {
  return Boolean(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']?.trim() || env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim());
}

/** The OTLP endpoint for messages. The value of the variable may hold credentials. */
export function readableOtlpEndpoint(env: Environment): string {
  return hasOtlpEndpoint(env) ? 'the OTLP endpoint' : 'http://localhost:4318, the default OTLP endpoint';
}

/** True if requests to other services carry session and user. */
export function propagatesSession(env: Environment): boolean {
  return isTrue(env['MLFLOW_BEDROCK_PROPAGATE_SESSION']);
}

/** The operator of the MLflow server of a tracking URI: `mlflow` is the user, the others are AWS and Databricks. */
export function trackingServiceOf(uri: string = ''): 'mlflow' | 'sagemaker' | 'databricks' {
  if (/^\s*arn:/i.test(uri)) return 'sagemaker';
  return /^\s*databricks(?:-uc)?(?::|\s*$)/i.test(uri) ? 'databricks' : 'mlflow';
}

/** The schema of Databricks' Unity Catalog that gets the traces; undefined if they go to an experiment. */
export function catalogSchemaIn(env: Environment, { tracingDestination }: DestinationOptions = {}): string | undefined {
  const destination = tracingDestination || env['MLFLOW_TRACING_DESTINATION']?.trim();
  return destination?.includes('.') ? destination : undefined;
}

/** The operator of the MLflow server of the environment. */
export function trackingServiceIn(env: Environment): ReturnType<typeof trackingServiceOf> {
  return trackingServiceOf(trackingUriOf({}, env));
}

/** The address of the tracking server for messages: without credentials and query. */
export function readableTrackingUri(options: DestinationOptions, env: Environment): string {
  const uri = trackingUriOf(options, env);
  // Their tracking URIs hold no credentials.
  if (trackingServiceOf(uri) !== 'mlflow') return uri;
  if (!URL.canParse(uri)) return 'the tracking URI';
  const { protocol, host, pathname } = new URL(uri);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}

/** As in the exporter, a schema of Unity Catalog is enough to mean Databricks. */
function trackingUriOf(options: DestinationOptions, env: Environment): string {
  const uri = options.trackingUri || env['MLFLOW_TRACKING_URI']?.trim();
  return uri || (catalogSchemaIn(env, options) === undefined ? DEFAULT_TRACKING_URI : 'databricks');
}

function isTrue(text: string | undefined): boolean {
  return text?.trim().toLowerCase() === 'true';
}
