/** Content blocks of the Converse API, which Amazon Nova's own format shares. Bytes arrive here as base64 text. */

import { asArray, asObject, asString, isObject, type JsonObject, type JsonValue } from '../json.js';
import { type InputContent, type Message, message, type Part, type ToolDefinition, textPart } from '../messages.js';

const MEDIA: readonly (readonly [member: string, modality: string, mimePrefix: string])[] = [
  ['image', 'image', 'image/'],
  ['video', 'video', 'video/'],
  ['audio', 'audio', 'audio/'],
  ['document', 'document', 'application/'],
];

/** `messages` and `system` of a request. */
export function readConversation(body: JsonObject): InputContent {
  const system = asArray(body['system']).flatMap(readBlock);
  return {
    messages: asArray(body['messages']).filter(isObject).map(readMessage),
    systemInstructions: system.length > 0 ? system : undefined,
  };
}

export function readMessage(raw: JsonObject): Message {
  return message(asString(raw['role']) ?? 'user', asArray(raw['content']).flatMap(readBlock));
}

/** `toolConfig` of a request. */
export function readToolConfig(body: JsonObject): ToolDefinition[] {
  return asArray(asObject(body['toolConfig'])?.['tools']).flatMap((tool): ToolDefinition[] => {
    const spec = asObject(asObject(tool)?.['toolSpec']);
    const name = asString(spec?.['name']);
    if (!spec || name === undefined) return [];
    return [
      {
        type: 'function',
        name,
        description: asString(spec['description']),
        parameters: asObject(spec['inputSchema'])?.['json'],
      },
    ];
  });
}

function readBlock(block: JsonValue): Part[] {
  if (!isObject(block)) return [];
  if (typeof block['text'] === 'string') return [textPart(block['text'])];

  const toolUse = asObject(block['toolUse']);
  if (toolUse) {
    return [
      {
        type: 'tool_call',
        ...id(toolUse['toolUseId']),
        name: asString(toolUse['name']) ?? '',
        ...(toolUse['input'] === undefined ? {} : { arguments: toolUse['input'] }),
      },
    ];
  }
  const toolResult = asObject(block['toolResult']);
  if (toolResult) {
    const content = asArray(toolResult['content']).map(readToolResultItem);
    return [
      {
        type: 'tool_call_response',
        ...id(toolResult['toolUseId']),
        response: content.length === 1 ? (content[0] ?? null) : content,
      },
    ];
  }
  const reasoning = asObject(block['reasoningContent']);
  if (reasoning) {
    const text = asString(asObject(reasoning['reasoningText'])?.['text']);
    return text === undefined ? [{ type: 'redacted_reasoning' }] : [{ type: 'reasoning', content: text }];
  }
  const citations = asObject(block['citationsContent']);
  if (citations) {
    return asArray(citations['content']).flatMap((item) => {
      const text = asString(asObject(item)?.['text']);
      return text === undefined ? [] : [textPart(text)];
    });
  }
  const guarded = asString(asObject(asObject(block['guardContent'])?.['text'])?.['text']);
  if (guarded !== undefined) return [textPart(guarded)];

  for (const [member, modality, mimePrefix] of MEDIA) {
    const media = asObject(block[member]);
    if (media) return [readMedia(media, modality, mimePrefix)];
  }
  // A marker for the service's prompt cache is no content.
  if (block['cachePoint'] !== undefined) return [];
  const member = Object.keys(block)[0];
  return member === undefined ? [] : [{ ...block, type: member }];
}

function readToolResultItem(item: JsonValue): JsonValue {
  const object = asObject(item);
  return object?.['text'] ?? object?.['json'] ?? item;
}

function readMedia(media: JsonObject, modality: string, mimePrefix: string): Part {
  const source = asObject(media['source']);
  const format = asString(media['format']);
  const mime = format === undefined ? {} : { mime_type: `${mimePrefix}${format}` };
  const uri = asString(asObject(source?.['s3Location'])?.['uri']);
  if (uri !== undefined) return { type: 'uri', modality, ...mime, uri };
  const text = asString(source?.['text']);
  if (text !== undefined) return textPart(text);
  return { type: 'blob', modality, ...mime, content: asString(source?.['bytes']) ?? '' };
}

function id(value: JsonValue | undefined): { id: string } | Record<string, never> {
  return typeof value === 'string' ? { id: value } : {};
}
