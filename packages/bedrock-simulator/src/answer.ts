import { errorsOf, writeError } from './errors.js';
import { isObject } from './json.js';
import type { Target } from './router.js';
import type { ReceivedRequest, SimulatedResponse } from './types.js';

/** Answers a request by script. `pieces` replace the text of the answer and the chunks of its stream. */
export function answer(
  { method, headers, body: rawBody, input }: ReceivedRequest,
  { service, operation, labels }: Target,
  pieces?: readonly string[],
): SimulatedResponse {
  const empty = method === 'GET' || input !== undefined || (rawBody instanceof Uint8Array && rawBody.length === 0);
  if (!(empty || operation.acceptsAnyBody || isObject(rawBody))) return malformed(service);
  const body = !empty && isObject(rawBody) ? rawBody : {};
  return operation.answer({ labels, headers, body, rawBody, pieces, ...(input && { input }) });
}

function malformed(service: Target['service']): SimulatedResponse {
  const type = 'ValidationException';
  const error = errorsOf(service)[type] ?? { status: 400, message: '' };
  const message = 'Malformed input request, please reformat your input and try again.';
  return (service.writeError ?? writeError)(type, error, message);
}
