import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type HttpServer, listen } from '../../http-server.js';
import { decodeTraceRequest, type ReceivedSpan } from '../../otlp-decode.js';
import { type SignedAddress, Storage, type StorageType } from './storage.js';

/** A request as it arrived. */
interface WorkspaceRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An answer with a JSON body. */
export interface Answer {
  status: number;
  body: unknown;
}

/** What a trace's record holds, as its client wrote it. */
export type StoredRecord = Readonly<Record<string, unknown>> & {
  readonly trace_id: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly trace_metadata?: Readonly<Record<string, string>>;
};

/**
 * A stand-in for a Databricks workspace. It answers as the Python client and Databricks' documentation expect it; what the
 * real front door does beyond that is unknown.
 *
 * It takes only valid tokens, refuses OTLP for experiments, keeps the files of traces at signed addresses, issues access
 * tokens to service principals, and takes spans and records for tables of Unity Catalog.
 */
export interface Workspace extends HttpServer {
  readonly requests: WorkspaceRequest[];
  /** Tokens that open the door. Access tokens are added as they are issued. */
  readonly tokens: Set<string>;
  /** Service principals and their secrets. */
  readonly principals: Map<string, string>;
  /** Lifetime of the access tokens, in seconds. */
  lifetimeSeconds: number;
  /** Names of experiments by their id. */
  readonly experiments: Map<string, string>;
  /** Records of traces in experiments, by id. */
  readonly records: Map<string, StoredRecord>;
  /** Records of traces in Unity Catalog, by `<catalog>.<schema>/<hex>`. */
  readonly catalogRecords: Map<string, StoredRecord>;
  /** Spans by table. A table of `main.agents` exists from the beginning. */
  readonly tables: Map<string, ReceivedSpan[]>;
  readonly storage: Storage;
  /** Answers a request to the workspace in place of the stand-in. Default: never. */
  intercept: (request: WorkspaceRequest) => Answer | undefined;
  /** Called with each address that is signed. */
  onSigned: (signature: string) => void;
  /** The file of a trace, parsed. */
  file(traceId: string): unknown;
}

const EXPERIMENT_PATH = /^\/(?:Users|Shared|Workspace|Repos)\/.+/;

/** Starts a stand-in on this machine. */
export async function startWorkspace(type: StorageType = 'AWS_PRESIGNED_URL'): Promise<Workspace> {
  let workspace: Workspace;
  const server = await listen(async (message, response) => {
    const request = await receive(message);
    if (request === undefined) return;
    workspace.requests.push(request);
    handle(workspace, request, response);
  });
  workspace = {
    ...server,
    requests: [],
    tokens: new Set(),
    principals: new Map(),
    lifetimeSeconds: 3600,
    experiments: new Map(),
    records: new Map(),
    catalogRecords: new Map(),
    tables: new Map([['main.agents.mlflow_experiment_trace_otel_spans', []]]),
    storage: new Storage(type),
    intercept: () => undefined,
    onSigned: () => {},
    file: (traceId) => JSON.parse(String(workspace.storage.files.get(filePath(traceId)) ?? 'null')),
  };
  return workspace;
}

async function receive(message: IncomingMessage): Promise<WorkspaceRequest | undefined> {
  const { method = '', url: path = '', headers } = message;
  const body = await buffer(message).catch(() => undefined);
  return body && { method, path, headers, body };
}

function handle(workspace: Workspace, request: WorkspaceRequest, response: ServerResponse): void {
  const url = new URL(request.path, workspace.url);
  if (url.pathname.startsWith('/storage/')) {
    const { status, body } = workspace.storage.answer({ ...request, url });
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
    return;
  }
  const { status, body } = workspace.intercept(request) ?? answer(workspace, request, url);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function answer(workspace: Workspace, request: WorkspaceRequest, url: URL): Answer {
  const { method, headers, body } = request;
  const route = `${method} ${url.pathname}`;
  if (route === 'GET /oidc/.well-known/oauth-authorization-server') {
    return ok({
      token_endpoint: `${workspace.url}/oidc/v1/token`,
      authorization_endpoint: `${workspace.url}/oidc/v1/authorize`,
    });
  }
  if (route === 'POST /oidc/v1/token') return issueToken(workspace, headers, new URLSearchParams(body.toString()));
  if (url.pathname.startsWith('/.well-known/')) return refusal(404, 'ENDPOINT_NOT_FOUND', 'No API found');
  const token = /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1];
  if (token === undefined)
    return refusal(401, '401', 'Credential was not sent or was of an unsupported type for this API.');
  if (!workspace.tokens.has(token)) return refusal(403, '403', 'Invalid access token.');
  const json = (): Record<string, unknown> => JSON.parse(body.toString() || '{}') as Record<string, unknown>;
  switch (route) {
    case 'GET /api/2.0/mlflow/experiments/get-by-name':
      return findExperiment(workspace, ([, name]) => name === url.searchParams.get('experiment_name'));
    case 'GET /api/2.0/mlflow/experiments/get':
      return findExperiment(workspace, ([id]) => id === url.searchParams.get('experiment_id'));
    case 'GET /api/2.0/mlflow/experiments/search':
      return ok({ experiments: [...workspace.experiments].map(describeExperiment) });
    case 'POST /api/2.0/mlflow/experiments/create':
      return createExperiment(workspace, String(json()['name']));
    case 'POST /api/3.0/mlflow/traces': {
      const { trace } = json() as { trace: { trace_info: StoredRecord } };
      return storeRecord(workspace, trace.trace_info);
    }
    case 'POST /v1/traces':
      return refusal(404, 'ENDPOINT_NOT_FOUND', "No API found for 'POST /v1/traces'");
    case 'POST /api/2.0/otel/v1/traces':
      return storeSpans(workspace, headers, body);
  }
  return answerAboutTrace(workspace, route, json);
}

function answerAboutTrace(workspace: Workspace, route: string, json: () => Record<string, unknown>): Answer {
  const [, id = '', direction] =
    /^GET \/api\/2\.0\/mlflow\/traces\/([^/]+)\/credentials-for-data-(upload|download)$/.exec(route) ?? [];
  if (direction !== undefined) return sign(workspace, decodeURIComponent(id));
  const [, location = '', hex = ''] = /^POST \/api\/4\.0\/mlflow\/traces\/([^/]+)\/([^/]+)\/info$/.exec(route) ?? [];
  if (hex !== '') {
    const record = json() as StoredRecord;
    workspace.catalogRecords.set(`${location}/${hex}`, record);
    return ok(record);
  }
  const [, traceId = ''] = /^GET \/api\/3\.0\/mlflow\/traces\/([^/]+)$/.exec(route) ?? [];
  const record = workspace.records.get(decodeURIComponent(traceId));
  if (record !== undefined) return ok({ trace: { trace_info: record } });
  return traceId === ''
    ? refusal(404, 'ENDPOINT_NOT_FOUND', `No API found for '${route}'`)
    : refusal(404, 'RESOURCE_DOES_NOT_EXIST', `Trace with ID ${traceId} is not found.`);
}

function issueToken(workspace: Workspace, headers: IncomingHttpHeaders, form: URLSearchParams): Answer {
  const pair = Buffer.from(/^Basic (.*)$/.exec(headers.authorization ?? '')?.[1] ?? '', 'base64').toString();
  const [id = '', secret = ''] = pair.split(':');
  if (secret === '' || workspace.principals.get(id) !== secret) {
    return {
      status: 401,
      body: { error: 'invalid_client', error_description: `Client ${id} with ${secret} is unknown` },
    };
  }
  if (form.get('grant_type') !== 'client_credentials' || form.get('scope') !== 'all-apis') {
    return { status: 400, body: { error: 'invalid_request', error_description: 'grant_type or scope' } };
  }
  const token = `issued-${randomUUID()}`;
  workspace.tokens.add(token);
  return ok({ access_token: token, token_type: 'Bearer', scope: 'all-apis', expires_in: workspace.lifetimeSeconds });
}

function describeExperiment([experiment_id, name]: [string, string]): object {
  return {
    experiment_id,
    name,
    lifecycle_stage: 'active',
    artifact_location: `dbfs:/databricks/mlflow-tracking/${experiment_id}`,
  };
}

function findExperiment({ experiments }: Workspace, matches: (entry: [string, string]) => boolean): Answer {
  const found = [...experiments].find(matches);
  if (found !== undefined) return ok({ experiment: describeExperiment(found) });
  return refusal(404, 'RESOURCE_DOES_NOT_EXIST', 'Node does not exist.');
}

function createExperiment({ experiments }: Workspace, name: string): Answer {
  if (!EXPERIMENT_PATH.test(name)) {
    const said = `Got an invalid experiment name '${name}'. An experiment name must be an absolute path within the Databricks workspace. E.g. '/Users/<some-username>/my-experiment'.`;
    return refusal(400, 'INVALID_PARAMETER_VALUE', said);
  }
  const id = String(4_000_000_000_000_000 + experiments.size);
  experiments.set(id, name);
  return ok({ experiment_id: id });
}

function storeRecord({ records, experiments }: Workspace, info: StoredRecord): Answer {
  const { mlflow_experiment: location } = info['trace_location'] as { mlflow_experiment?: { experiment_id: string } };
  if (location === undefined || !experiments.has(location.experiment_id)) {
    return refusal(404, 'RESOURCE_DOES_NOT_EXIST', 'Node ID does not exist.');
  }
  const before = records.get(info.trace_id);
  const folder = `dbfs:/databricks/mlflow-tracking/${location.experiment_id}/${info.trace_id}/artifacts`;
  const record = {
    ...before,
    ...info,
    trace_metadata: { ...before?.trace_metadata, ...info.trace_metadata },
    tags: { ...before?.tags, ...info.tags, 'mlflow.artifactLocation': folder },
  };
  records.set(info.trace_id, record);
  return ok({ trace: { trace_info: record } });
}

function sign(workspace: Workspace, traceId: string): Answer {
  if (!workspace.records.has(traceId)) return refusal(404, 'RESOURCE_DOES_NOT_EXIST', `Trace ${traceId} is not found.`);
  const { signature, ...credential_info } = workspace.storage.sign(workspace.url, filePath(traceId));
  workspace.onSigned(signature);
  return ok({ credential_info: credential_info satisfies SignedAddress });
}

function storeSpans({ tables }: Workspace, headers: IncomingHttpHeaders, body: Buffer): Answer {
  const table = headers['x-databricks-uc-table-name'];
  if (typeof table !== 'string' || table.split('.').length !== 3) {
    return refusal(400, 'INVALID_PARAMETER_VALUE', 'X-Databricks-UC-Table-Name is missing.');
  }
  if (headers['content-type'] !== 'application/x-protobuf')
    return refusal(415, 'BAD_REQUEST', 'Unsupported content type');
  if (!tables.has(table)) return refusal(404, 'TABLE_DOES_NOT_EXIST', `Table '${table}' does not exist.`);
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  tables.set(table, [...(tables.get(table) ?? []), ...decodeTraceRequest(bytes)]);
  return ok({});
}

function filePath(traceId: string): string {
  return `/traces/${traceId}/traces.json`;
}

function ok(body: object): Answer {
  return { status: 200, body };
}

function refusal(status: number, error_code: string, message: string): Answer {
  return { status, body: { error_code, message } };
}
