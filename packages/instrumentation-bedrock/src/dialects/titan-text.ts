/** Amazon Titan text models. */

import { asArray, asNumber, asObject, asString, asStrings, isObject, type JsonObject } from '../data/json.js';
import { completionMessage, promptInput, strings, withoutText } from './completions.js';
import type { Dialect, StreamFold } from './dialect.js';
import { addPiece, type StreamedText } from './streamed-text.js';

export const titanText: Dialect = {
  name: 'titan-text',
  operation: 'text_completion',
  matchesRequest: (body) => typeof body['inputText'] === 'string' && isObject(body['textGenerationConfig']),
  matchesResponse: (body) =>
    asArray(body['results']).some((result) => typeof asObject(result)?.['outputText'] === 'string') ||
    typeof body['outputText'] === 'string',
  readParameters(body) {
    const config = asObject(body['textGenerationConfig']) ?? {};
    return {
      maxTokens: asNumber(config['maxTokenCount']),
      temperature: asNumber(config['temperature']),
      topP: asNumber(config['topP']),
      stopSequences: asStrings(config['stopSequences']),
    };
  },
  readInput: (body) => promptInput(body['inputText']),
  readTools: () => [],
  readResponse(body) {
    const results = asArray(body['results']).filter(isObject);
    const counts = results.map((result) => asNumber(result['tokenCount'])).filter((count) => count !== undefined);
    return {
      finishReasons: strings(results.map((result) => result['completionReason'])),
      usage: {
        inputTokens: asNumber(body['inputTextTokenCount']),
        outputTokens: counts.length > 0 ? counts.reduce((sum, count) => sum + count, 0) : undefined,
      },
    };
  },
  readOutput: (body) =>
    asArray(body['results'])
      .filter(isObject)
      .map((result) => completionMessage(result['outputText'], result['completionReason'])),
  createFold,
  withoutContent: (chunk) => withoutText(chunk, 'outputText'),
};

/** The input count stands on the first chunk only, the cumulative output count and the reason on the last. */
function createFold(): StreamFold {
  let inputTokens: number | undefined;
  let output: StreamedText | undefined;
  const result: JsonObject = {};
  return {
    add(chunk) {
      const text = asString(chunk['outputText']);
      if (text !== undefined) output = addPiece(output, text);
      inputTokens = asNumber(chunk['inputTextTokenCount']) ?? inputTokens;
      const outputTokens = asNumber(chunk['totalOutputTextTokenCount']);
      if (outputTokens !== undefined) result['tokenCount'] = outputTokens;
      const reason = asString(chunk['completionReason']);
      if (reason !== undefined) result['completionReason'] = reason;
    },
    body() {
      if (output === undefined && Object.keys(result).length === 0) return undefined;
      const outputText = output && { outputText: output.toString() };
      return { inputTextTokenCount: inputTokens, results: [{ ...outputText, ...result }] };
    },
    isComplete: () => result['completionReason'] !== undefined,
  };
}
