import { answer } from './answer.js';
import { errorResponse } from './errors.js';
import { readInputEvents } from './input-stream.js';
import { type JsonObject, objectOf } from './json.js';
import { SERVICES } from './operations/index.js';
import { loadRecordings, type Recordings, replay } from './replay.js';
import { createRouter, exchangePath, type Route, scenarioPath } from './router.js';
import { runScenario, SCENARIO_NAMES } from './scenarios.js';
import { send } from './send.js';
import { type Incoming, listen } from './server.js';
import type { ReceivedRequest, SimulatedResponse, Simulator, SimulatorOptions } from './types.js';

const KEPT_REQUESTS = 1000;

/**
 * Starts a local endpoint of Bedrock's services on loopback. It is a simulator: it runs no model and calls no other machine.
 *
 * @throws Error if the port is in use or `exchanges` cannot be read.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const recordings = await loadRecordings(options.exchanges);
  const route = createRouter(SERVICES);
  const respond = createResponder(options, recordings);
  const requests: ReceivedRequest[] = [];
  const listener = await listen(async (incoming, wire) => {
    const found = route(incoming.method, incoming.path);
    const request = await receivedRequest(incoming, found);
    if (!request) return;
    requests.push(request);
    if (requests.length > KEPT_REQUESTS) requests.shift();
    const response = await respond(request, found).catch(failedResponder);
    // Only the caller's iterable of events can fail here. The client then sees a broken stream.
    await send(wire, response, found.target?.operation.streamHeaders).catch(() => wire.reset());
  }, options.port ?? 0);
  const url = `http://127.0.0.1:${listener.port}`;
  return {
    url,
    endpoint: (selector) => {
      if ('exchange' in selector) {
        if (!recordings.byId(selector.exchange)) throw new RangeError(unknownExchange(selector.exchange));
        return url + exchangePath(selector.exchange);
      }
      if (!SCENARIO_NAMES.includes(selector.scenario)) throw new RangeError(unknownScenario(selector.scenario));
      return url + scenarioPath(selector.scenario, selector.parameters);
    },
    requests,
    close: () => listener.close(),
  };
}

type Responder = (request: ReceivedRequest, route: Route) => Promise<SimulatedResponse>;

function createResponder({ respond }: SimulatorOptions, recordings: Recordings): Responder {
  const attempts = new Map<string, number>();
  return async (request, { selector, target }) => {
    const custom = await respond?.(request);
    if (custom) return custom;
    if (selector.kind === 'exchange') {
      const exchange = recordings.byId(selector.id);
      return exchange ? replay(exchange) : errorResponse('ResourceNotFoundException', unknownExchange(selector.id));
    }
    if (!target) return noOperation(request);
    if (selector.kind === 'none') {
      const exchange = recordings.matching(request);
      return exchange ? replay(exchange) : answer(request, target);
    }
    const attempt = (attempts.get(selector.text) ?? 0) + 1;
    attempts.set(selector.text, attempt);
    const response = runScenario(selector.name, {
      parameters: selector.parameters,
      attempt,
      service: target.service,
      answer: (pieces) => answer(request, target, pieces),
    });
    return response ?? errorResponse('ResourceNotFoundException', unknownScenario(selector.name));
  };
}

/** Returns undefined if the client disconnects before the end of its request. */
async function receivedRequest(incoming: Incoming, { target }: Route): Promise<ReceivedRequest | undefined> {
  const { method, path, headers, httpVersion } = incoming;
  const about = {
    ...{ method, path, headers, httpVersion },
    service: target?.service.id,
    operation: target?.operation.name,
    modelId: target?.labels['modelId'],
  };
  if (target?.operation.streamsInput) {
    const body: JsonObject[] = [];
    return { ...about, body, input: kept(readInputEvents(incoming.streamBody()), body) };
  }
  const bytes = await incoming.readBody();
  if (!bytes) return undefined;
  const body = parseBody(bytes);
  return { ...about, modelId: about.modelId ?? target?.operation.modelOf?.(objectOf(body)), body };
}

/** Yields what `events` yields, and adds it to a list. */
async function* kept<Event>(events: AsyncIterable<Event>, list: Event[]): AsyncGenerator<Event> {
  for await (const event of events) {
    list.push(event);
    yield event;
  }
}

function noOperation({ method, path }: ReceivedRequest): SimulatedResponse {
  if (method === 'GET' && path === '/') {
    return {
      headers: { 'content-type': 'text/plain' },
      body: 'bedrock-simulator: a local simulator of Amazon Bedrock. It is not Amazon Bedrock.\n',
    };
  }
  return {
    status: 404,
    headers: { 'x-amzn-errortype': 'UnknownOperationException' },
    body: { message: `The Bedrock simulator has no operation ${method} ${path}.` },
  };
}

function failedResponder(error: unknown): SimulatedResponse {
  return errorResponse(
    'InternalServerException',
    `The respond function of the Bedrock simulator failed: ${String(error)}`,
  );
}

function unknownScenario(name: string): string {
  return `The Bedrock simulator has no scenario "${name}". Scenarios: ${SCENARIO_NAMES.join(', ')}.`;
}

function unknownExchange(id: string): string {
  return `The Bedrock simulator has no exchange "${id}". Pass it to startSimulator({ exchanges }).`;
}

function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return body;
  }
}
