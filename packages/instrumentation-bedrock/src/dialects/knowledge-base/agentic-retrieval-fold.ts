/** The fold for the events of AgenticRetrieveStream. */

import { asArray, asMembers, asObject, asObjects, firstKey, type JsonObject, type JsonValue } from '../../data/json.js';
import { unwrapUnknown } from '../../data/unknown-member.js';
import { LastMembers } from '../fold/pieces/last-members.js';
import { OtherEvents } from '../fold/pieces/other-events.js';
import { StreamedText } from '../fold/pieces/streamed-text.js';
import type { FoldOptions, StreamFold } from '../fold/stream-fold.js';

/** The answer is `{results, generatedResponse, traceEvents, guardrailAction}`. There is no form without streaming. */
export function createAgenticRetrievalFold({ content }: FoldOptions): StreamFold {
  /** Null for each, if no content is kept: their number is a figure. */
  const results: JsonValue[] = [];
  const traceEvents: JsonValue[] = [];
  const last = new LastMembers();
  const others = new OtherEvents(['result', 'traceEvent', 'responseEvent']);
  let text: StreamedText | undefined;
  let hasResult = false;
  let isBlocked = false;

  const addContent = (event: JsonObject): void => {
    const { results: _found, ...members } = asMembers(event['result']);
    last.addAll(members);
    const trace = asObject(event['traceEvent']);
    if (trace) traceEvents.push(trace);
    const piece = asObject(event['responseEvent'])?.['text'];
    if (typeof piece === 'string') {
      text ??= new StreamedText();
      text.add(piece);
    }
    others.add(event);
  };

  return {
    add(event) {
      const result = asObject(event['result']);
      hasResult ||= result !== undefined;
      for (const item of asArray(result?.['results'])) results.push(content ? item : null);
      isBlocked ||= hasIntervened(asObject(event['traceEvent']));
      if (content) addContent(event);
    },
    body() {
      const body: JsonObject = {};
      if (hasResult) body['results'] = results;
      last.writeTo(body);
      // The pieces add up to the generated answer, which the result repeats.
      if (text && !last.get('generatedResponse')) body['generatedResponse'] = { answer: text.toString() };
      if (traceEvents.length > 0) body['traceEvents'] = traceEvents;
      if (isBlocked) body['guardrailAction'] = 'INTERVENED';
      others.writeTo(body);
      return firstKey(body) === undefined ? undefined : body;
    },
    isComplete: () => hasResult,
  };
}

function hasIntervened(trace: JsonObject | undefined): boolean {
  const warnings = asObjects(asObject(trace?.['attributes'])?.['warnings']);
  return warnings.some((warning) => asObject(unwrapUnknown(warning)['guardrail'])?.['action'] === 'INTERVENED');
}
