import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { splitFrames } from './event-stream.js';
import { canonicalJson, isObject } from './json.js';
import type { Exchange, ReceivedRequest, SimulatedResponse } from './types.js';

export interface Recordings {
  byId(id: string): Exchange | undefined;
  /**
   * Finds an exchange by operation, body, and model and path if it has them. Several matches are used in turn; the last
   * one is repeated.
   */
  matching(request: ReceivedRequest): Exchange | undefined;
}

/** Headers that belong to the recorded connection, not to the answer. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
]);

/**
 * Reads the exchanges of a directory, or uses the given ones.
 *
 * @throws Error with the file's name if a file is not a recorded exchange.
 */
export async function loadRecordings(source: string | readonly Exchange[] | undefined): Promise<Recordings> {
  const exchanges = typeof source === 'string' ? await readDirectory(source) : (source ?? []);
  const ids = new Map(exchanges.map((exchange) => [exchange.id, exchange]));
  const bodies = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    // Null means that the request's body was not recorded.
    if (exchange.request?.body === undefined || exchange.request.body === null) continue;
    const key = requestKey(exchange.operation, exchange.request.body);
    const same = bodies.get(key);
    if (same) same.push(exchange);
    else bodies.set(key, [exchange]);
  }
  return {
    byId: (id) => ids.get(id),
    matching: (request) => {
      const candidates = bodies.get(requestKey(request.operation ?? '', request.body)) ?? [];
      const [first, second] = candidates.filter((exchange) => fits(exchange, request));
      if (first && second) candidates.splice(candidates.indexOf(first), 1);
      return first;
    },
  };
}

/** Only a path names a model or a resource that the body does not have. */
function fits({ modelId, request }: Exchange, received: ReceivedRequest): boolean {
  if (received.modelId !== undefined) return received.modelId === modelId;
  return request?.path === undefined || decodePath(request.path) === decodePath(received.path);
}

/** Recorded and sent paths may differ in their percent-encoding. */
function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Returns the recorded answer, byte for byte if the recording has the bytes. */
export function replay(exchange: Exchange): SimulatedResponse {
  const { status, headers = {}, body } = exchange.response;
  const response = {
    ...(status === undefined ? {} : { status }),
    headers: Object.fromEntries(
      Object.entries(headers).filter(([name]) => !CONNECTION_HEADERS.has(name.toLowerCase())),
    ),
  };
  if (exchange.responseBodyBase64 !== undefined) {
    return { ...response, events: splitFrames(Buffer.from(exchange.responseBodyBase64, 'base64')) };
  }
  return exchange.responseEvents ? { ...response, events: exchange.responseEvents } : { ...response, body: body ?? '' };
}

async function readDirectory(directory: string): Promise<Exchange[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(
    names.map(async (name) => {
      const file = join(directory, name);
      const exchange = parse(await readFile(file, 'utf8'));
      if (!exchange)
        throw new Error(`${file} is not a recorded exchange: it needs id, operation, modelId and response.`);
      return exchange;
    }),
  );
}

function parse(text: string): Exchange | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && typeof value['id'] === 'string' && isObject(value['response'])
      ? (value as unknown as Exchange)
      : undefined;
  } catch {
    return undefined;
  }
}

function requestKey(operation: string, body: unknown): string {
  return canonicalJson([operation, body]);
}
