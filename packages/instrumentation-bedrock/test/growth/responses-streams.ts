/** Long streams of OpenAI's Responses API, with every kind of event that its fold can meet. */

import { openAi } from '../../src/operations/openai/index.js';
import type { LongStream, MakeChunk } from './streams.js';

/** Of the same length at every position. */
const word = (position: number): string => `w${100_000 + position} `;
const fresh = (position: number): string => `member${100_000 + position}`;

const event = (type: string, members: object): object => ({
  ...{ type: `response.${type}`, output_index: 0, content_index: 0, summary_index: 0 },
  ...members,
});
const call = (position: number): object => ({ type: 'function_call', call_id: word(position), name: 'tide' });

const KINDS: Readonly<Record<string, MakeChunk>> = {
  text: (i) => event('output_text.delta', { delta: word(i) }),
  refusal: (i) => event('refusal.delta', { delta: word(i) }),
  reasoning: (i) => event('reasoning_text.delta', { delta: word(i) }),
  summaries: (i) => event('reasoning_summary_text.delta', { delta: word(i), summary_index: i }),
  'texts of parts': (i) => event('output_text.delta', { delta: word(i), content_index: i }),
  'parts under one index': (i) => event('content_part.added', { part: { type: 'output_text', text: word(i) } }),
  'parts of summaries': (i) => event('reasoning_summary_part.done', { part: { text: word(i) }, summary_index: i }),
  annotations: (i) => event('output_text.annotation.added', { annotation: { title: word(i) } }),
  arguments: (i) => event('function_call_arguments.delta', { delta: word(i) }),
  'input of custom tools': (i) => event('custom_tool_call_input.delta', { delta: word(i) }),
  code: (i) => event('code_interpreter_call_code.delta', { delta: word(i) }),
  items: (i) => event('output_item.added', { item: call(i), output_index: i }),
  'items that are done': (i) => event('output_item.done', { item: call(i), output_index: i }),
  'items under one index': (i) => event('output_item.added', { item: call(i) }),
  'texts of items': (i) => event('output_text.delta', { delta: word(i), output_index: i }),
  'progress of tools': (i) => event('web_search_call.searching', { item_id: word(i) }),
  'pictures that are not finished': (i) => event('image_generation_call.partial_image', { partial_image_b64: word(i) }),
  'whole answers': (i) => ({ type: 'response.in_progress', response: { id: word(i), output: [call(i)] } }),
  'answers that end': (i) => ({ type: 'response.completed', response: { id: word(i), [fresh(i)]: i } }),
  errors: (i) => ({ type: 'error', code: 'server_error', message: word(i) }),
  'unknown events': (i) => event(`weather.${fresh(i)}`, { [fresh(i)]: i }),
};

export const RESPONSES_STREAMS: readonly LongStream[] = Object.entries(KINDS).map(([name, chunk]) => ({
  name: `responses: ${name}`,
  modelId: undefined,
  ...operation(),
  chunk,
}));

function operation(): Pick<LongStream, 'operation'> {
  const found = openAi.find(({ name }) => name === 'responses');
  return found ? { operation: found } : {};
}
