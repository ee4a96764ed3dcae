import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from '../../../json.js';
import {
  CACHE_POINT,
  type CitableDocument,
  type Conversation,
  type Message,
  type PromptPart,
  type Quote,
  type Reply,
  type Tool,
  type ToolCall,
} from '../../../model/conversation.js';
import { MEDIA_TOKENS, toPieces } from '../../../model/tokens.js';

/** Reads messages, system and tools in the form of Converse. Nova also uses this form with InvokeModel. */
export function readConverse(body: JsonObject, maxTokens: number | undefined): Conversation {
  const toolConfig = objectOf(body['toolConfig']);
  const tools = arrayOf(toolConfig['tools']).map(objectOf);
  const messages = arrayOf(body['messages']).map(objectOf);
  return {
    prompt: [
      ...tools.flatMap(toolPrompt),
      ...arrayOf(body['system']).flatMap((block) => blockPrompt(objectOf(block))),
      ...messages.flatMap((message) => arrayOf(message['content']).flatMap((block) => blockPrompt(objectOf(block)))),
    ],
    messages: messages.map(readMessage),
    tools: tools.flatMap(readTool),
    forceTool: readToolChoice(objectOf(toolConfig['toolChoice'])),
    maxTokens,
  };
}

/** Returns the content blocks of the assistant's message. */
export function writeContent(reply: Reply, toolUseId: (call: ToolCall) => string): JsonObject[] {
  return [
    ...textBlocks(reply).map(({ text, quote }) => (quote ? { citationsContent: writeCitation(quote) } : { text })),
    ...reply.toolCalls.map((call) => ({ toolUse: { toolUseId: toolUseId(call), name: call.name, input: call.input } })),
  ];
}

interface TextBlock {
  readonly text: string;
  /** The text, split as a stream sends it. */
  readonly pieces: readonly string[];
  readonly quote?: Quote;
}

/** Splits the text into blocks, with a separate block for each quote. */
export function textBlocks({ text, pieces, quotes }: Reply): TextBlock[] {
  if (quotes.length === 0) return text === '' ? [] : [{ text, pieces }];
  const rest = text.slice(quotes.reduce((length, quote) => length + quote.text.length, quotes.length));
  return [
    ...quotes.map((quote) => ({ text: quote.text, pieces: toPieces(quote.text), quote })),
    { text: rest, pieces: toPieces(rest) },
  ];
}

export function citationOf({ text, title, documentIndex, start, end }: Quote): JsonObject {
  return { title, sourceContent: [{ text }], location: { documentChar: { documentIndex, start, end } } };
}

function writeCitation(quote: Quote): JsonObject {
  return { content: [{ text: quote.text }], citations: [citationOf(quote)] };
}

export const STOP_REASONS = { end: 'end_turn', tool: 'tool_use', length: 'max_tokens' } as const;

function readMessage(message: JsonObject): Message {
  const blocks = arrayOf(message['content']).map(objectOf);
  return {
    role: stringOf(message['role']),
    text: blocks.map((block) => stringOf(block['text'])).join(''),
    toolCalls: blocks.flatMap(({ toolUse }) =>
      isObject(toolUse)
        ? [{ id: stringOf(toolUse['toolUseId']), name: stringOf(toolUse['name']), input: objectOf(toolUse['input']) }]
        : [],
    ),
    toolResults: blocks.flatMap(({ toolResult }) =>
      isObject(toolResult)
        ? [
            {
              id: stringOf(toolResult['toolUseId']),
              text: resultText(toolResult),
              failed: toolResult['status'] === 'error',
            },
          ]
        : [],
    ),
    documents: blocks.flatMap(readDocument),
  };
}

function readDocument(block: JsonObject): CitableDocument[] {
  const { name, source, citations } = objectOf(block['document']);
  if (objectOf(citations)['enabled'] !== true) return [];
  return [{ title: stringOf(name), text: stringOf(objectOf(source)['text']) }];
}

function resultText(toolResult: JsonObject): string {
  return arrayOf(toolResult['content'])
    .map(objectOf)
    .map(({ text, json }) => (text === undefined ? JSON.stringify(json ?? {}) : stringOf(text)))
    .join(' ');
}

function readTool({ toolSpec }: JsonObject): Tool[] {
  if (!isObject(toolSpec)) return [];
  return [{ name: stringOf(toolSpec['name']), schema: objectOf(objectOf(toolSpec['inputSchema'])['json']) }];
}

function readToolChoice(choice: JsonObject): boolean | string {
  if (isObject(choice['tool'])) return stringOf(choice['tool']['name']);
  return isObject(choice['any']);
}

function toolPrompt(tool: JsonObject): PromptPart[] {
  return isObject(tool['cachePoint']) ? [CACHE_POINT] : [JSON.stringify(tool)];
}

/** A Nova block may hold a text and a cache point at once. */
function blockPrompt(block: JsonObject): PromptPart[] {
  const { text, toolUse, toolResult, cachePoint, ...others } = block;
  return [
    ...(typeof text === 'string' ? [text] : []),
    ...(isObject(toolUse) ? [JSON.stringify([toolUse['name'], toolUse['input']])] : []),
    ...(isObject(toolResult) ? [resultText(toolResult)] : []),
    ...Object.keys(others).map(() => MEDIA_TOKENS),
    ...(isObject(cachePoint) ? [CACHE_POINT] : []),
  ];
}
