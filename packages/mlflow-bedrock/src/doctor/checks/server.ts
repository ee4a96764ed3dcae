import { trackingServiceIn, trackingServiceOf } from '../../common/environment.js';
import { type ServerFacts, TEST_TRACE, type TraceFacts } from '../model/facts.js';
import { findings, type Result } from '../model/result.js';
import { explainFailure, type Place } from './failure.js';
import { isOlder } from './packages.js';

/** Wins over the settings of the experiment. */
const DESTINATION = 'MLFLOW_TRACING_DESTINATION';
const OLDEST_SERVER = [3, 4] as const;
/** Traces of two machines fit together if their clocks differ less. */
const MAX_CLOCK_MILLIS = 30_000;

/** Checks where the address comes from. A broken address is `failed`. */
export function checkTrackingUri(facts: ServerFacts, place: Place): Result {
  const { ok, problem } = findings('tracking-uri');
  if (/^["']/.test(place.env['MLFLOW_TRACKING_URI']?.trim() ?? '')) {
    return problem(
      'The value of MLFLOW_TRACKING_URI starts with a quotation mark.',
      "Write it without quotation marks. Docker's --env-file, for example, takes them for a part of the value.",
    );
  }
  if (facts.url === '') return explainFailure('tracking-uri', facts.failed ?? { message: '' }, place);
  const uri = place.env['MLFLOW_TRACKING_URI']?.trim() ?? '';
  // Those of managed servers hold no credentials.
  if (trackingServiceOf(uri) !== 'mlflow') return ok(`MLFLOW_TRACKING_URI is ${uri}, which is at ${facts.url}.`);
  return ok(
    uri !== ''
      ? `MLFLOW_TRACKING_URI is ${facts.url}.`
      : `MLFLOW_TRACKING_URI is not set, so the traces go to ${facts.url}, unless the code sets trackingUri.`,
  );
}

/** Checks whether the server answers, its version, its clock, and the experiment. */
export function checkServer(facts: ServerFacts, place: Place): Result[] {
  const server = findings('server');
  // The address itself is wrong, which is reported already.
  if (facts.url === '') return [];
  const { failed, version } = facts;
  if (failed !== undefined && !isAboutExperiment(facts)) return [explainFailure('server', failed, place)];
  return [
    version === undefined
      ? server.ok(`MLflow answers at ${facts.url}.`)
      : server.ok(`MLflow ${version} answers at ${facts.url}.`),
    ...checkVersion(version, place),
    ...checkClock(facts.clockAheadMillis),
    ...('schema' in facts.wanted ? [] : [checkExperiment(facts, place)]),
  ];
}

/** True if the server takes requests, so that a trace can be written. */
export function canTakeTraces(facts: ServerFacts): boolean {
  const { url, failed, experiment, wanted } = facts;
  if ('schema' in wanted) return url !== '' && (failed === undefined || isAboutExperiment(facts));
  return url !== '' && failed === undefined && experiment?.deleted !== true;
}

function isAboutExperiment({ failed, wanted }: ServerFacts): boolean {
  const errorCode = failed?.errorCode;
  // The answer to an id that is not a number, for example a name.
  return errorCode === 'RESOURCE_DOES_NOT_EXIST' || ('id' in wanted && errorCode === 'INVALID_PARAMETER_VALUE');
}

function checkVersion(version: string | undefined, { env }: Place): Result[] {
  // What a managed server takes does not depend on its version alone. The test trace shows it.
  const isManaged = trackingServiceIn(env) !== 'mlflow';
  if (version === undefined || isManaged || !isOlder(version, OLDEST_SERVER)) return [];
  return [
    findings('version').warning(
      `MLflow ${version} has no OTLP route, so traces are stored without cost and without search by span.`,
      `Update the server to MLflow ${OLDEST_SERVER.join('.')} or newer, on a database.`,
    ),
  ];
}

function checkClock(aheadMillis: number | undefined): Result[] {
  const { ok, warning } = findings('clock');
  if (aheadMillis === undefined) return [];
  if (Math.abs(aheadMillis) <= MAX_CLOCK_MILLIS) return [ok('The clocks of server and application agree.')];
  const seconds = Math.round(Math.abs(aheadMillis) / 1000);
  return [
    warning(
      `The clock of this machine is ${seconds} s ${aheadMillis > 0 ? 'behind' : 'ahead of'} that of the server, so traces have wrong times.`,
      'Synchronise both clocks with NTP. If this is a virtual machine or container host that slept, restart it.',
    ),
  ];
}

function checkExperiment({ wanted, experiment, failed, url }: ServerFacts, { env }: Place): Result {
  const { ok, problem } = findings('experiment');
  const isOfDestination = Boolean(env[DESTINATION]?.trim());
  const idVariable = isOfDestination ? DESTINATION : 'MLFLOW_EXPERIMENT_ID';
  if ('id' in wanted && (failed !== undefined || experiment === undefined)) {
    return problem(
      `MLflow at ${url} has no experiment with the id ${wanted.id} of ${idVariable}.`,
      isOfDestination
        ? `Set ${DESTINATION} to the number on the page of the experiment, or unset it.`
        : 'Set MLFLOW_EXPERIMENT_ID to the number on the page of the experiment, or MLFLOW_EXPERIMENT_NAME to a name.',
    );
  }
  if (experiment === undefined) {
    return ok(
      `The experiment "${'name' in wanted ? wanted.name : ''}" does not exist yet. The first trace creates it.`,
    );
  }
  const { name, experimentId, deleted } = experiment;
  if (deleted) {
    return problem(
      `The experiment "${name}" (id ${experimentId}) is deleted, so its traces are never shown.`,
      `Restore it with "mlflow experiments restore --experiment-id ${experimentId}", or set ${'id' in wanted ? idVariable : 'MLFLOW_EXPERIMENT_NAME'} to another.`,
    );
  }
  const isDefault = 'name' in wanted && !env['MLFLOW_EXPERIMENT_NAME']?.trim();
  const why = isDefault ? ', because MLFLOW_EXPERIMENT_NAME is not set' : '';
  return ok(`The traces go to the experiment "${name}" (id ${experimentId})${why}.`);
}

/** Checks what became of the test trace. */
export function checkTrace(facts: TraceFacts, place: Place): Result[] {
  const { ok, warning } = findings('trace');
  const { refused, unreadable, traceId } = facts;
  if (refused !== undefined) return [explainFailure('trace', refused, place)];
  if (facts.isInCatalog)
    return [ok('A test trace was sent to Unity Catalog. It stays there, because the doctor cannot read or delete it.')];
  if (unreadable?.status === 403)
    return [
      ok(`A test trace was sent. It stays as "${TEST_TRACE}" (${traceId}), because this user may not read traces.`),
    ];
  if (unreadable !== undefined) return [explainFailure('trace', unreadable, place)];
  const results = [
    facts.deleted
      ? ok('A test trace was written, read back and deleted.')
      : ok(
          `A test trace was written and read back. It stays as "${TEST_TRACE}" (${traceId}), because this user may not delete it.`,
        ),
  ];
  if (!facts.inDatabase && trackingServiceIn(place.env) !== 'mlflow') {
    results.push(ok('The server keeps spans as files, so searches by span do not find them. Everything else works.'));
  } else if (!facts.inDatabase) {
    results.push(
      warning(
        'The server stores traces as files, without cost and without search by span.',
        `Use MLflow ${OLDEST_SERVER.join('.')} or newer with a database, and let a gateway before it pass POST requests to /v1/traces.`,
      ),
    );
  }
  return results;
}
