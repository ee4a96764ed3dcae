/** Adds the messages of Converse to RetrieveAndGenerate, which MLflow's chat view can parse. Drops nothing. */

import { asObject, asString, type JsonObject } from '../../data/json.js';

export function questionOf({ input }: JsonObject): string | undefined {
  return asString(asObject(input)?.['text']);
}

export function viewGenerateRequest(body: JsonObject): JsonObject {
  const text = questionOf(body);
  return text === undefined ? body : { ...body, messages: [{ role: 'user', content: [{ text }] }] };
}

export function viewGenerateResponse(body: JsonObject): JsonObject {
  const output = asObject(body['output']);
  const text = asString(output?.['text']);
  if (text === undefined) return body;
  return { ...body, output: { ...output, message: { role: 'assistant', content: [{ text }] } } };
}
