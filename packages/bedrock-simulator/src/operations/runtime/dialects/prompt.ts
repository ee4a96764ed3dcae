import { type JsonObject, numberOf, stringOf } from '../../../json.js';
import { type Conversation, plainConversation } from '../../../model/conversation.js';

/**
 * Parts of a prompt that belong to its template: special tokens such as `<|eot_id|>`, `<｜User｜>`, `[INST]` and
 * `<<SYS>>`, role headers, and the `Human:` and `Assistant:` of older prompts.
 */
const TEMPLATE =
  /<\|start_header_id\|>\w*<\|end_header_id\|>|<[|｜][^<>]*?[|｜]>|<\/?s>|\[\/?INST\]|<<SYS>>.*?<<\/SYS>>|(?:^|\n)\s*(?:Human|Assistant):/gs;

/** Reads a body whose `prompt` is one text with a template. The template counts as input, but not as question. */
export function readPrompt(body: JsonObject, limitName: string): Conversation {
  const prompt = stringOf(body['prompt']);
  const question = prompt.replaceAll(TEMPLATE, '').trim();
  return { ...plainConversation(question, numberOf(body[limitName])), prompt: [prompt] };
}
