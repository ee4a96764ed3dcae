/** Reads settings from the environment; an empty variable counts as unset. */

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_TRACKING_URI = 'http://localhost:5000';

/** True when OpenTelemetry is to be off, as every SDK understands it. */
export function isSdkDisabled(env: Environment): boolean {
  return env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true';
}

/** True when traces are to go to an OTLP backend, too. */
export function hasOtlpEndpoint(env: Environment): boolean {
  return Boolean(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']?.trim() || env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim());
}

/** The share of traces to record, from 0 to 1; absent when OpenTelemetry's own variable decides or none is set. */
export function samplingRatio(env: Environment, warn: (message: string) => void): number | undefined {
  const text = env['MLFLOW_TRACE_SAMPLING_RATIO']?.trim();
  if (!text || env['OTEL_TRACES_SAMPLER']?.trim()) return undefined;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warn(`MLFLOW_TRACE_SAMPLING_RATIO=${text} is not a number from 0 to 1; all traces are recorded`);
  return undefined;
}

/** True when session and user are to go to the services that are called. */
export function propagatesSession(env: Environment): boolean {
  return env['MLFLOW_BEDROCK_PROPAGATE_SESSION']?.trim().toLowerCase() === 'true';
}

/** The tracking server's address fit for messages: without credentials and query. */
export function readableTrackingUri(trackingUri: string | undefined, env: Environment): string {
  const uri = trackingUri || env['MLFLOW_TRACKING_URI']?.trim() || DEFAULT_TRACKING_URI;
  if (!URL.canParse(uri)) return 'the tracking URI';
  const { protocol, host, pathname } = new URL(uri);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
