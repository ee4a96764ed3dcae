import { type ShownText, say } from '../common/shown-text.js';
import type { Failure } from '../http/exchange/outcome.js';
import type { Rest } from './rest.js';
import { getServer } from './server.js';

/** Why the route for spans refused a request. */
interface RefusalFinding {
  /** `unsupported` if the route is missing or blocked. */
  failure: Failure;
  /** How often in a row the route must be found so. Default: 1. */
  needsLooks?: number;
  /** What the upload fails with if there is no time for further looks. Default: `failure`. */
  uncertain?: Failure;
  /** Whether the rest of the API did not answer either, so that this request shows nothing. */
  isOutage?: boolean;
}

const FIRST_VERSION_WITH_OTLP = [3, 4] as const;
/**
 * A load balancer without a server behind it answers 404 as old servers do, and a short outage must not become a finding.
 * The front of a managed service always has a server behind it.
 */
const LOOKS = { unknown: 2, new: 5, managed: 1 };
const BLOCKED = 403;
const MISSING = new Set<number | undefined>([404, 405, 501]);

/** Whether a failure may be about the route and not about the spans. */
export function isAboutRoute({ kind, foreign, status, errorCode, ofCredentials }: Failure, { service }: Rest): boolean {
  if (ofCredentials) return false;
  if (kind === 'unsupported' || foreign !== undefined) return true;
  // The front of a managed service has words of its own.
  return service !== 'mlflow' && (status === BLOCKED || (MISSING.has(status) && errorCode === undefined));
}

/**
 * Finds out what a refusal means, for the route at `path`. A status 501 is MLflow's own answer.
 *
 * @param takesOthers whether the route takes an upload without spans
 */
export async function explainRefusal(
  rest: Rest,
  path: ShownText,
  refusal: Failure,
  takesOthers: () => Promise<boolean>,
): Promise<RefusalFinding> {
  const { status, foreign } = refusal;
  const isManaged = rest.service !== 'mlflow';
  const as = (kind: Failure['kind'], reason: ShownText): Failure => ({ ...refusal, kind, reason });
  if (status === BLOCKED && (await takesOthers())) {
    const reason = say`a gateway or firewall before MLflow refuses its content (${said(refusal)})`;
    return { failure: as('rejected', reason) };
  }
  if (foreign !== undefined || status === BLOCKED) {
    return { failure: (await hasApi(rest)) ? as('unsupported', describeBlocked(rest, path, refusal)) : refusal };
  }
  const version = status === 501 ? 'old' : await findVersion(rest);
  if (version === 'old') {
    // The users of a managed service cannot choose another version or database.
    const reason = isManaged ? describeBlocked(rest, path, refusal) : describeOldServer(refusal);
    return { failure: as('unsupported', reason) };
  }
  const needsLooks = isManaged ? LOOKS.managed : LOOKS[version];
  // During an outage, the API does not answer either.
  if (!(await hasApi(rest))) return { failure: as('retryable', refusal.reason), needsLooks, isOutage: true };
  return {
    failure: as('unsupported', describeBlocked(rest, path, refusal)),
    needsLooks,
    uncertain: as('retryable', describeGateway(rest, path, refusal)),
  };
}

function describeOldServer({ status = 0 }: Failure): ShownText {
  return say`MLflow has no OTLP route here (${status}), so traces are stored as artifacts, ${costOfFiles('mlflow')}: use MLflow >= 3.4 on a database.`;
}

function describeBlocked(rest: Rest, path: ShownText, refusal: Failure): ShownText {
  const { url, service } = rest;
  const { kind, foreign, reason } = refusal;
  if (service === 'mlflow')
    return say`${describeGateway(rest, path, refusal)} Until then, traces are stored as artifacts, ${costOfFiles(service)}.`;
  const isExplained = kind === 'configuration' && foreign === undefined;
  return isExplained
    ? say`${url} takes no spans at ${path}, so traces are stored as artifacts, ${costOfFiles(service)}. This is normal for a service without OTLP. It answered: ${reason}`
    : say`${url} takes no spans at ${path} (${said(refusal)}), so traces are stored as artifacts, ${costOfFiles(service)}.`;
}

function describeGateway({ url }: Rest, path: ShownText, refusal: Failure): ShownText {
  return say`${url} does not let ${path} through (${said(refusal)}), although MLflow answers below /api: let the gateway or proxy before MLflow pass POST requests to ${path}.`;
}

function said({ status = 0, foreign = say`${status}` }: Failure): ShownText {
  return foreign;
}

/** For managed services, the exporter adds the cost itself. */
function costOfFiles(service: Rest['service']): ShownText {
  return service === 'mlflow' ? say`without cost and search by span` : say`without search by span`;
}

async function findVersion(rest: Rest): Promise<'old' | 'unknown' | 'new'> {
  const server = await getServer(rest);
  const [, major, minor] = (server.kind === 'success' && /^(\d+)\.(\d+)\./.exec(server.value.version ?? '')) || [];
  if (major === undefined) return 'unknown';
  const [firstMajor, firstMinor] = FIRST_VERSION_WITH_OTLP;
  const isOld = Number(major) < firstMajor || (Number(major) === firstMajor && Number(minor) < firstMinor);
  return isOld ? 'old' : 'new';
}

/** Also true if a managed service does not allow this request to the identity: then it knows the request. */
async function hasApi(rest: Rest): Promise<boolean> {
  const api = await rest.send({ method: 'GET', path: '/api/2.0/mlflow/experiments/search?max_results=1' });
  if (api.kind !== 'success') return rest.service !== 'mlflow' && api.status === BLOCKED && !api.ofCredentials;
  return /json/i.test(api.contentType);
}
