/** The answer of an agent: what it says, with the sources that it cites, files, and actions for the application. */

import { asArray, asBytes, asObject, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { StreamedText } from './pieces/streamed-text.js';
import type { FoldOptions, StreamFold } from './stream-fold.js';

/** Collects the events `chunk`, `files` and `returnControl`. A stream without a chunk and returned control was cut off. */
export function createAgentAnswerFold({ content }: FoldOptions): StreamFold {
  // A mark for the byte order is a part of the answer.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const text = new StreamedText();
  const citations: JsonValue[] = [];
  const files: JsonValue[] = [];
  const returned: JsonObject[] = [];
  let hasText = false;
  let hasReturned = false;
  return {
    add({ chunk, files: sent, returnControl }) {
      hasText ||= isObject(chunk);
      hasReturned ||= isObject(returnControl);
      if (!content) return;
      const bytes = asBytes(asObject(chunk)?.['bytes']);
      if (bytes) text.add(decoder.decode(bytes, { stream: true }));
      // Long lists cannot be the arguments of a call.
      for (const citation of asArray(asObject(asObject(chunk)?.['attribution'])?.['citations']))
        citations.push(citation);
      for (const file of asArray(asObject(sent)?.['files'])) files.push(file);
      if (isObject(returnControl)) returned.push(returnControl);
    },
    body() {
      if (!content || !(hasText || hasReturned || files.length > 0)) return undefined;
      // The bytes of a character whose end did not arrive.
      text.add(decoder.decode());
      const body: JsonObject = {};
      if (hasText) body['completion'] = text.toString();
      if (citations.length > 0) body['attribution'] = { citations };
      if (files.length > 0) body['files'] = files;
      const [only, ...more] = returned;
      if (only) body['returnControl'] = more.length > 0 ? returned : only;
      return body;
    },
    // More chunks can follow one. Only returned control closes an answer.
    isComplete: () => hasReturned || (hasText ? undefined : false),
  };
}
