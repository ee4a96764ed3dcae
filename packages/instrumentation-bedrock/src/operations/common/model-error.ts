/** Errors inside the bodies and stream chunks of InvokeModel: the status is 200, but the model failed. */

import { statedErrorType } from '../../data/error-type.js';
import type { StatedError } from '../../data/facts.js';
import { asObject, asString, firstKey, type JsonObject } from '../../data/json.js';

/**
 * Reads the error that a body or chunk states; undefined if it states none. The formats are Anthropic's
 * (`{"type":"error","error":{…}}`), OpenAI's (`{"error":{…}}`, and `{"type":"error","code":…}` in streams), and those of vLLM (`{"object":"error",…}`) and Text
 * Generation Inference (`{"error":"…","error_type":"…"}`), which serve imported and Marketplace models.
 */
export function readModelError(body: JsonObject): StatedError | undefined {
  const { error } = body;
  if (error !== undefined && error !== null) return readErrorMember(body);
  if (body['object'] === 'error') return stated(body);
  return body['type'] === 'error' ? stated({ code: body['code'], message: body['message'] }) : undefined;
}

function readErrorMember(body: JsonObject): StatedError | undefined {
  const error = asObject(body['error']);
  if (error) return firstKey(error) === undefined ? undefined : stated(error);
  const message = asString(body['error']);
  // Image models explain in this member why some images are missing.
  if (!message || body['images'] !== undefined) return undefined;
  return { type: statedErrorType([body['error_type'], body['type'], body['code']]), message };
}

function stated({ type, code, message }: JsonObject): StatedError {
  return { type: statedErrorType([type, code]), message: asString(message) };
}
