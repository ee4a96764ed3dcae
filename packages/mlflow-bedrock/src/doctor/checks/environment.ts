import { resolveConfig } from 'opentelemetry-instrumentation-bedrock/recording';
import { otherBackends } from '../../autolog/other-backends.js';
import { samplerFromEnvironment } from '../../autolog/sdk-settings.js';
import { type Environment, isSdkDisabled } from '../../common/environment.js';
import { findings, type Result } from '../model/result.js';

const { ok, warning, problem } = findings('environment');

const SAMPLER = 'OTEL_TRACES_SAMPLER';
const RATIO = 'MLFLOW_TRACE_SAMPLING_RATIO';
const CONTENT = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const TRACKING_URI = 'MLFLOW_TRACKING_URI';
const MISSPELLED_URI = /^MLFLOW_(?:(?:TRACKING_)?(?:SERVER_)?UR[IL]|TRACKING_SERVER|ENDPOINT)$/;
/** They register a tracer provider of their own, before `autolog()`. */
const OTHER_REGISTRATION = /@opentelemetry\/auto-instrumentations-node|@splunk\/otel|@azure\/monitor-opentelemetry/;

/** Checks for variables that switch tracing off, or that contradict each other. Shows values only of harmless ones. */
export function checkEnvironment(env: Environment): Result[] {
  const results = [
    ...checkSwitch(env),
    ...checkSampler(env),
    ...checkContent(env),
    ...checkBackends(env),
    ...checkCredentials(env),
    ...checkOthers(env),
  ];
  return results.length > 0 ? results : [ok('No environment variable switches tracing off.')];
}

function checkSwitch(env: Environment): Result[] {
  if (!isSdkDisabled(env)) return [];
  return [problem('OTEL_SDK_DISABLED=true switches tracing off.', 'Unset OTEL_SDK_DISABLED.')];
}

function checkSampler(env: Environment): Result[] {
  const warnings = warningsOf((warn) => samplerFromEnvironment(env, warn), 'Correct the variable.');
  if (warnings.length > 0) return warnings;
  const { variable, ratio } = sampling(env);
  if (ratio === 0)
    return [problem(`${variable}=${readVariable(env, variable)} drops all traces.`, `Unset ${variable}.`)];
  if (ratio === 1) return [];
  const percent = Number((ratio * 100).toPrecision(6));
  return [
    warning(
      `With ${variable}=${ratio}, only ${percent} % of the traces are recorded.`,
      `Unset ${variable} to record all.`,
    ),
  ];
}

/** The share of the traces that the sampler keeps, and the variable that sets it. */
export function sampling(env: Environment): { readonly variable: string; readonly ratio: number } {
  const name = readVariable(env, SAMPLER);
  if (name?.endsWith('always_off')) return { variable: SAMPLER, ratio: 0 };
  const variable = name === undefined ? RATIO : `${SAMPLER}_ARG`;
  const hasRatio = name === undefined || name.endsWith('traceidratio');
  return { variable, ratio: hasRatio ? Number(readVariable(env, variable) ?? 1) : 1 };
}

function checkContent(env: Environment): Result[] {
  const warnings = warningsOf((warn) => resolveConfig({}, env as NodeJS.ProcessEnv, warn), 'Correct the variable.');
  if (warnings.length > 0) return warnings;
  if (resolveConfig({}, env as NodeJS.ProcessEnv, () => undefined).captureContent) return [];
  return [
    warning(
      `${CONTENT} keeps prompts and answers out of the traces.`,
      `Unset ${CONTENT} to see conversations in MLflow.`,
    ),
  ];
}

function checkBackends(env: Environment): Result[] {
  const results = warningsOf((warn) => otherBackends(env, warn), 'Correct the variable.');
  for (const variable of ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
    const [endpoint, server] = [originOf(readVariable(env, variable)), originOf(trackingUri(env))];
    if (endpoint === undefined || endpoint !== server) continue;
    results.push(
      warning(
        `${variable} is the address of the MLflow server, which gets the spans anyway and refuses them there.`,
        `Unset ${variable}, or set it to another backend.`,
      ),
    );
  }
  return results;
}

function checkCredentials(env: Environment): Result[] {
  const [username, password, token] = ['USERNAME', 'PASSWORD', 'TOKEN'].map((name) => `MLFLOW_TRACKING_${name}`) as [
    string,
    string,
    string,
  ];
  const isSet = (name: string): boolean => readVariable(env, name) !== undefined;
  const results: Result[] = [];
  if (isSet(username) !== isSet(password)) {
    const [present, missing] = isSet(username) ? [username, password] : [password, username];
    results.push(problem(`${present} is set without ${missing}, so it has no effect.`, `Set ${missing}, too.`));
  }
  if (isSet(username) && isSet(password) && isSet(token)) {
    results.push(
      warning(
        `${token} has no effect, because ${username} and ${password} are set.`,
        `Unset ${token}, or the other two variables.`,
      ),
    );
  }
  if (/^(?:true|1)$/i.test(readVariable(env, 'MLFLOW_TRACKING_INSECURE_TLS') ?? '')) {
    results.push(
      warning(
        'MLFLOW_TRACKING_INSECURE_TLS accepts any certificate, so others can read the traces on their way.',
        'Unset it, and set MLFLOW_TRACKING_SERVER_CERT_PATH to the certificate authority of the server.',
      ),
    );
  }
  return results;
}

function checkOthers(env: Environment): Result[] {
  const results: Result[] = [];
  const misspelled = Object.keys(env).find(
    (name) => name !== TRACKING_URI && MISSPELLED_URI.test(name) && readVariable(env, name),
  );
  if (misspelled !== undefined && readVariable(env, TRACKING_URI) === undefined) {
    results.push(
      warning(`${misspelled} has no effect, because MLflow does not know it.`, `Rename it to ${TRACKING_URI}.`),
    );
  }
  if (
    readVariable(env, 'MLFLOW_EXPERIMENT_ID') !== undefined &&
    readVariable(env, 'MLFLOW_EXPERIMENT_NAME') !== undefined
  ) {
    results.push(
      warning('MLFLOW_EXPERIMENT_NAME has no effect, because MLFLOW_EXPERIMENT_ID is set.', 'Unset one of the two.'),
    );
  }
  if (readVariable(env, 'OTEL_LOG_LEVEL')?.toLowerCase() === 'none') {
    results.push(warning('OTEL_LOG_LEVEL=none hides why traces do not arrive.', 'Unset OTEL_LOG_LEVEL.'));
  }
  const [other] = OTHER_REGISTRATION.exec(readVariable(env, 'NODE_OPTIONS') ?? '') ?? [];
  if (other !== undefined) {
    results.push(
      warning(
        `NODE_OPTIONS loads ${other}, which registers a tracer provider of its own. autolog() then sends nothing to MLflow by itself.`,
        `Remove it from NODE_OPTIONS, or add the processors of mlflow-bedrock to that tracer provider.`,
      ),
    );
  }
  return results;
}

/** The warnings that a reader of settings gives, without the name of this package. */
function warningsOf(read: (warn: (message: string) => void) => unknown, todo: string): Result[] {
  const messages: string[] = [];
  read((message) => messages.push(message));
  return messages.map((message) => warning(`${message.replace(/\.$/, '')}.`, todo));
}

function readVariable(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function trackingUri(env: Environment): string {
  return readVariable(env, TRACKING_URI) ?? 'http://localhost:5000';
}

function originOf(address: string | undefined): string | undefined {
  return address !== undefined && URL.canParse(address) ? new URL(address).host.toLowerCase() : undefined;
}
