import { arrayOf, type JsonObject, objectOf, stringOf } from '../../../json.js';
import type { Reply } from '../../../model/conversation.js';
import { toPieces } from '../../../model/tokens.js';
import type { Response } from './output.js';

/** Returns the events of an answer in the order in which the service sends them. */
export function eventsOf(response: Response, reply: Reply): JsonObject[] {
  const started = { ...response, status: 'in_progress', incomplete_details: null, output: [], usage: null };
  const events: JsonObject[] = [
    { type: 'response.created', response: started },
    { type: 'response.in_progress', response: started },
    ...response.output.flatMap((item, index) => itemEvents(item, index, reply)),
    { type: `response.${response['status']}`, response },
  ];
  return events.map((event, sequence_number) => ({ ...event, sequence_number }));
}

function itemEvents(item: JsonObject, output_index: number, reply: Reply): JsonObject[] {
  const place = { item_id: item['id'], output_index };
  return [
    { type: 'response.output_item.added', output_index, item: openItem(item) },
    ...contentEvents(item, reply).map((event) => ({ ...event, ...place })),
    { type: 'response.output_item.done', output_index, item },
  ];
}

/** The item before its content. */
function openItem(item: JsonObject): JsonObject {
  switch (item['type']) {
    case 'message':
      return { ...item, status: 'in_progress', content: [] };
    case 'function_call':
      return { ...item, status: 'in_progress', arguments: '' };
    default:
      return { ...item, summary: [] };
  }
}

function contentEvents(item: JsonObject, reply: Reply): JsonObject[] {
  if (item['type'] === 'function_call') {
    const text = stringOf(item['arguments']);
    return [
      ...toPieces(text).map((delta) => ({ type: 'response.function_call_arguments.delta', delta })),
      { type: 'response.function_call_arguments.done', arguments: text },
    ];
  }
  const isMessage = item['type'] === 'message';
  const part = objectOf(arrayOf(isMessage ? item['content'] : item['summary'])[0]);
  const text = stringOf(part['text']);
  const names = isMessage
    ? { part: 'content_part', text: 'output_text', index: { content_index: 0 } }
    : { part: 'reasoning_summary_part', text: 'reasoning_summary_text', index: { summary_index: 0 } };
  const events: JsonObject[] = [
    { type: `response.${names.part}.added`, part: { ...part, text: '' } },
    ...(isMessage ? reply.pieces : toPieces(text)).map((delta) => ({ type: `response.${names.text}.delta`, delta })),
    { type: `response.${names.text}.done`, text },
    { type: `response.${names.part}.done`, part },
  ];
  return events.map((event) => ({ ...event, ...names.index }));
}
