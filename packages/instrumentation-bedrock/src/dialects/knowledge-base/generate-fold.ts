/** The fold for the events of RetrieveAndGenerateStream. */

import { asObject, asString, firstKey, isObject, type JsonObject, type JsonValue } from '../../data/json.js';
import { OtherEvents } from '../fold/pieces/other-events.js';
import { StreamedText } from '../fold/pieces/streamed-text.js';
import type { FoldOptions, StreamFold } from '../fold/stream-fold.js';

const INTERVENED = 'INTERVENED';

/** Makes the body of RetrieveAndGenerate. */
export function createGenerateFold({ content }: FoldOptions): StreamFold {
  let text: StreamedText | undefined;
  let isAnswered = false;
  let action: string | undefined;
  const citations: JsonObject[] = [];
  const others = new OtherEvents(['output', 'citation', 'guardrail']);

  const addContent = (event: JsonObject): void => {
    const piece = asString(asObject(event['output'])?.['text']);
    if (piece !== undefined) {
      text ??= new StreamedText();
      text.add(piece);
    }
    const cited = asObject(event['citation']);
    if (cited) citations.push(readCitation(cited));
    others.add(event);
  };

  return {
    add(event) {
      const verdict = asString(asObject(event['guardrail'])?.['action']);
      // The service can judge each part of the answer.
      if (verdict !== undefined && action !== INTERVENED) action = verdict;
      isAnswered ||= verdict === INTERVENED || isObject(event['output']);
      if (content) addContent(event);
    },
    body() {
      const body: JsonObject = {};
      if (text) body['output'] = { text: text.toString() };
      if (citations.length > 0) body['citations'] = citations;
      if (action !== undefined) body['guardrailAction'] = action;
      others.writeTo(body);
      return firstKey(body) === undefined ? undefined : body;
    },
    // No event closes this stream. One without an answer has been cut off.
    isComplete: () => (isAnswered ? undefined : false),
  };
}

/** The event has its data twice: in `citation`, and in members beside it, which are deprecated. */
function readCitation({ citation, generatedResponsePart, retrievedReferences }: JsonObject): JsonObject {
  const old: Record<string, JsonValue | undefined> = { generatedResponsePart, retrievedReferences };
  return asObject(citation) ?? old;
}
