import { isObject, type JsonObject, objectOf } from '../../json.js';
import { countPrompt } from '../../model/scripted-model.js';
import type { Operation } from '../operation.js';
import { readConverseRequest } from './dialects/converse.js';
import { findDialect } from './dialects/index.js';
import { unsupported } from './invoke-model.js';

export const countTokens: Operation = {
  name: 'CountTokens',
  method: 'POST',
  path: '/model/{modelId+}/count-tokens',
  answer({ labels, body }) {
    const modelId = labels['modelId'] ?? '';
    const input = objectOf(body['input']);
    if (isObject(input['converse']))
      return { body: { inputTokens: countPrompt(readConverseRequest(input['converse']).prompt) } };
    const invokeBody = parseBase64(objectOf(input['invokeModel'])['body']);
    const dialect = findDialect(modelId, invokeBody);
    if (dialect?.kind !== 'chat') return unsupported(modelId);
    return { body: { inputTokens: countPrompt(dialect.read(invokeBody).prompt) } };
  },
};

function parseBase64(text: unknown): JsonObject {
  try {
    return objectOf(JSON.parse(Buffer.from(String(text), 'base64').toString('utf8')));
  } catch {
    return {};
  }
}
