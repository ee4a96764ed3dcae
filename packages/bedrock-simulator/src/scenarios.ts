import { errorOfFrame, errorResponse, errorsOf, writeError } from './errors.js';
import type { Service } from './operations/operation.js';
import type { SimulatedResponse, StreamEvent } from './types.js';

interface ScenarioContext {
  readonly parameters: Readonly<Record<string, string>>;
  /** Number of requests to this endpoint URL so far, including this one. */
  readonly attempt: number;
  /** The service that the request goes to. */
  readonly service: Service;
  /** Returns the scripted answer to the request, or an answer with the given pieces of text. */
  answer(pieces?: readonly string[]): SimulatedResponse;
}

type Scenario = (context: ScenarioContext) => SimulatedResponse;

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  chat: (context) => paced(context, context.answer()),
  stream: (context) => paced(context, context.answer(longText(numberParameter(context, 'chunks', 20)))),
  throttling: (context) => failing(context, 'ThrottlingException'),
  'validation-error': (context) => failing(context, 'ValidationException'),
  'access-denied': (context) => failing(context, 'AccessDeniedException'),
  'model-not-ready': (context) => failing(context, 'ModelNotReadyException'),
  'service-unavailable': (context) => failing(context, 'ServiceUnavailableException'),
  error: (context) => failing(context, context.parameters['type'] ?? 'InternalServerException'),
  'mid-stream-error': midStreamError,
  'error-frame': errorFrame,
  reset: (context) => cutShort(context, [], 'reset'),
  truncated: (context) => cutShort(context, [], 'complete'),
  hang: () => ({ ending: 'hang' }),
  'empty-body': () => ({ body: '' }),
  'not-json': () => ({ headers: { 'content-type': 'text/html' }, body: '<html><body>This is not JSON.</body></html>' }),
};

export const SCENARIO_NAMES = Object.keys(SCENARIOS);

/** Returns undefined if no scenario has this name. */
export function runScenario(name: string, context: ScenarioContext): SimulatedResponse | undefined {
  return Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name]?.(context) : undefined;
}

/** Fails the first `times` requests, or all of them without this parameter. */
function failing(context: ScenarioContext, type: string): SimulatedResponse {
  if (context.attempt > numberParameter(context, 'times', Number.POSITIVE_INFINITY))
    return paced(context, context.answer());
  const errors = errorsOf(context.service);
  const error = Object.hasOwn(errors, type) ? errors[type] : undefined;
  if (error) return (context.service.writeError ?? writeError)(type, error, context.parameters['message']);
  const known = Object.keys(errors).join(', ');
  return errorResponse('ValidationException', `The Bedrock simulator has no error ${type}. Known errors: ${known}.`);
}

function midStreamError(context: ScenarioContext): SimulatedResponse {
  const type = context.parameters['type'] ?? context.service.streamError;
  const message = errorsOf(context.service)[errorOfFrame(type)]?.message ?? 'Simulated error.';
  const text = context.parameters['message'] ?? message;
  const frame: StreamEvent = { type, messageType: 'exception', payload: { message: text } };
  const last = context.service.streamErrorEvent?.(type, text) ?? frame;
  return cutShort(context, [last], 'complete', type);
}

function errorFrame(context: ScenarioContext): SimulatedResponse {
  const { code = 'InternalFailure', message = 'Simulated error frame.' } = context.parameters;
  const frame: StreamEvent = { type: code, messageType: 'error', payload: { message } };
  return cutShort(context, [context.service.streamErrorEvent?.(code, message) ?? frame], 'complete');
}

/**
 * Sends the first `after` frames (default 3) of the answer, then `last`, then the ending. An answer without a stream
 * fails as a whole: with the error, with a reset before the first byte, or after half of its body.
 */
function cutShort(
  context: ScenarioContext,
  last: readonly (StreamEvent | Uint8Array)[],
  ending: 'complete' | 'reset',
  errorType?: string,
): SimulatedResponse {
  const answer = context.answer();
  if (answer.events) {
    const events = firstOf(answer.events, numberParameter(context, 'after', 3), last);
    return { ...paced(context, answer), events, ending };
  }
  if (ending === 'reset') return { ending };
  if (last.length > 0) {
    const type = errorOfFrame(errorType ?? '');
    const error = errorsOf(context.service)[type];
    return error ? (context.service.writeError ?? writeError)(type, error) : errorResponse('InternalServerException');
  }
  const text = JSON.stringify(answer.body);
  return { ...answer, body: text.slice(0, text.length / 2) };
}

async function* firstOf<Event>(
  events: Iterable<Event> | AsyncIterable<Event>,
  count: number,
  last: readonly Event[],
): AsyncGenerator<Event> {
  let left = count;
  if (left > 0) {
    for await (const event of events) {
      yield event;
      if (--left <= 0) break;
    }
  }
  yield* last;
}

function paced(context: ScenarioContext, response: SimulatedResponse): SimulatedResponse {
  return { ...response, interval: numberParameter(context, 'interval', 0) };
}

function longText(chunks: number): string[] {
  return Array.from(
    { length: chunks },
    (_, index) => `${index === 0 ? '' : ' '}chunk ${index + 1} of ${chunks} from the Bedrock simulator.`,
  );
}

function numberParameter({ parameters }: ScenarioContext, name: string, fallback: number): number {
  const value = Number(parameters[name]);
  return parameters[name] === undefined || Number.isNaN(value) ? fallback : value;
}
