import { type Environment, trackingServiceIn } from '../../common/environment.js';
import type { Failed, MachineFacts } from '../model/facts.js';
import { type Findings, findings, type Result } from '../model/result.js';

/** Where a failed request went, and with which settings. */
export interface Place {
  /** Without credentials. */
  readonly url: string;
  readonly env: Environment;
  readonly machine: Pick<MachineFacts, 'container'>;
}

/** What decides where requests to a managed server go. */
const ADDRESS_OF = {
  sagemaker: 'the region in MLFLOW_TRACKING_URI, or SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT if it is set',
  databricks: 'DATABRICKS_HOST, or host in the profile',
} as const;
const CREDENTIALS = ['MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD', 'MLFLOW_TRACKING_TOKEN'];
const LOCAL = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;
const CONNECTION = /cannot be reached|time for this/i;
const NO_LISTENER = /ECONNREFUSED/;
/** A refusal without a text, which MLflow never sends. */
const WITHOUT_REASON = /\(403\)/;
/** Messages about settings start with the name of their product. */
const NAME = /^MLflow(?: exporter)?: /;
const UNKNOWN_HOST = /ENOTFOUND|EAI_AGAIN/;

/** Explains why a request to the MLflow server failed. The message of the exporter has no credentials. */
export function explainFailure(check: string, failed: Failed, place: Place): Result {
  const { problem } = findings(check);
  const { status, message } = failed;
  const service = trackingServiceIn(place.env);
  if (service !== 'mlflow') return explainManaged(service, { problem, message, place });
  if (status === 401) return explainCredentials(problem, place);
  if (status === 403 && /does not allow this/.test(message)) return explainRefusal(problem, message, place);
  if (status === undefined && CONNECTION.test(message)) {
    return problem(sentence(message), explainConnection(message, place));
  }
  const [what, todo] = adviceIn(message);
  return problem(sentence(what), todo ?? 'See the log of the MLflow server.');
}

/** Messages about SageMaker and Databricks name the remedy themselves, except those about the network. */
function explainManaged(
  service: keyof typeof ADDRESS_OF,
  { problem, message, place }: { problem: Findings['problem']; message: string; place: Place },
): Result {
  const [what, todo] = adviceIn(message);
  if (todo !== undefined) return problem(sentence(what), todo);
  if (!CONNECTION.test(message)) return problem(sentence(what), 'Look at the server in its console.');
  const isWrongAddress = NO_LISTENER.test(message) || UNKNOWN_HOST.test(message);
  return problem(
    sentence(what),
    isWrongAddress ? `Correct ${ADDRESS_OF[service]}, or give this machine a route there.` : explainSilence(place),
  );
}

function explainCredentials(problem: Findings['problem'], { url, env }: Place): Result {
  const set = CREDENTIALS.filter((name) => env[name]?.trim());
  if (set.length === 0) {
    return problem(
      `MLflow at ${url} asks for credentials (401), and no environment variable holds them.`,
      `Set ${CREDENTIALS[0]} and ${CREDENTIALS[1]}, or ${CREDENTIALS[2]} if a proxy before MLflow checks tokens.`,
    );
  }
  return problem(
    `MLflow at ${url} refuses the credentials (401) of ${set.join(', ')}.`,
    "Correct them. MLflow's own login accepts a user name and a password, and no token.",
  );
}

function explainRefusal(problem: Findings['problem'], message: string, { url }: Place): Result {
  if (/Invalid Host header/i.test(message)) {
    const { host } = new URL(url);
    return problem(
      `MLflow at ${url} does not accept the host name ${host} (403: Invalid Host header).`,
      `Start the server with --allowed-hosts "${host},localhost:*", or set MLFLOW_SERVER_ALLOWED_HOSTS there.`,
    );
  }
  return problem(
    sentence(splitAdvice(message)[0]),
    WITHOUT_REASON.test(message) && isLocal(new URL(url))
      ? 'Another program may use this port: AirPlay Receiver of macOS takes port 5000 and refuses everything. Start MLflow on another port.'
      : 'Give this user the permission EDIT on the experiment. If a gateway before MLflow refuses, correct its rules.',
  );
}

function explainConnection(message: string, place: Place): string {
  const { url, machine } = place;
  const { container } = machine;
  const address = new URL(url);
  const { hostname } = address;
  const proxies = proxiesOf(place);
  if (NO_LISTENER.test(message) && isLocal(address)) {
    return container === undefined
      ? 'Start MLflow with "uvx mlflow server --port 5000", or set MLFLOW_TRACKING_URI to the address of your server.'
      : `This is a container (${container}), and ${hostname} is the container itself. Set MLFLOW_TRACKING_URI to the name of MLflow's service, for example http://mlflow:5000.`;
  }
  if (NO_LISTENER.test(message)) {
    const start = 'start MLflow there, or set MLFLOW_TRACKING_URI to the address of your server.';
    if (proxies.length === 0) return capitalized(start);
    return `If the message names the address of your proxy, correct ${proxies.join(', ')}, or list the server in no_proxy. Otherwise ${start}`;
  }
  if (UNKNOWN_HOST.test(message)) {
    return 'Correct the host name in MLFLOW_TRACKING_URI, or run this where the name is known: in the network of the server.';
  }
  return explainSilence(place);
}

function explainSilence(place: Place): string {
  if (isLocal(new URL(place.url)))
    return 'Something listens there and does not answer. Look at the server, or start it again.';
  const proxies = proxiesOf(place);
  const firewall = 'Check that a firewall or security group lets this machine reach the server';
  if (proxies.length === 0) return `${firewall}, and that the server is healthy.`;
  return `${firewall}, and that ${proxies.join(', ')} names the right proxy. no_proxy lists servers to reach directly.`;
}

function proxiesOf({ url, env }: Place): string[] {
  if (isLocal(new URL(url))) return [];
  return ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].filter((name) => env[name]?.trim());
}

function isLocal({ hostname }: URL): boolean {
  return LOCAL.test(hostname);
}

function adviceIn(message: string): [what: string, todo?: string] {
  return splitAdvice(NAME.test(message) ? capitalized(message.replace(NAME, '')) : message);
}

/** Divides a message of the exporter at the colon before its advice. Colons in brackets and quotes are text. */
function splitAdvice(message: string): [what: string, todo?: string] {
  let depth = 0;
  let isQuoted = false;
  for (const [at, letter] of [...message].entries()) {
    if (letter === '"') isQuoted = !isQuoted;
    if (letter === '(') depth += 1;
    if (letter === ')') depth -= 1;
    if (letter !== ':' || isQuoted || depth > 0 || message[at + 1] !== ' ') continue;
    const advice = message.slice(at + 2);
    return [message.slice(0, at), sentence(capitalized(advice))];
  }
  return [message];
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
