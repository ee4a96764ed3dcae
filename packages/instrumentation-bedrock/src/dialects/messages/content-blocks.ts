/** Reads the content blocks of Converse and of Amazon Nova's own format. Bytes are base64 text here. */

import { asArray, asObject, asObjects, asString, asStrings, type JsonObject, type JsonValue } from '../../data/json.js';
import {
  type InputContent,
  type Message,
  message,
  type Part,
  type ToolDefinition,
  textPart,
} from '../../data/messages.js';
import { MODALITIES, type Modality, mimeTypeOf } from './mime-types.js';
import { blobPart, toolCallPart, toolResponsePart, uriPart } from './parts.js';

/** Reads `messages` and `system` of a request. */
export function readConversation(body: JsonObject): InputContent {
  const system = readBlocks(body['system']);
  return {
    messages: asObjects(body['messages']).map(readMessage),
    systemInstructions: system.length > 0 ? system : undefined,
  };
}

export function readMessage(raw: JsonObject): Message {
  return message(asString(raw['role']) ?? 'user', readBlocks(raw['content']));
}

function readBlocks(content: JsonValue | undefined): Part[] {
  return asObjects(content).flatMap(readBlock);
}

/** Reads `toolConfig` of a request. */
export function readToolConfig(body: JsonObject): ToolDefinition[] {
  return asObjects(asObject(body['toolConfig'])?.['tools']).flatMap(readTool);
}

function readTool(tool: JsonObject): ToolDefinition[] {
  const spec = asObject(tool['toolSpec']);
  const name = asString(spec?.['name']);
  if (spec && name !== undefined) {
    const parameters = asObject(spec['inputSchema'])?.['json'];
    return [{ type: 'function', name, description: asString(spec['description']), parameters }];
  }
  // The service runs system tools, such as `nova_grounding`, itself.
  const systemTool = asString(asObject(tool['systemTool'])?.['name']);
  return systemTool === undefined ? [] : [{ type: 'systemTool', name: systemTool }];
}

function readBlock(block: JsonObject): Part[] {
  if (typeof block['text'] === 'string') return [textPart(block['text'])];

  const toolUse = asObject(block['toolUse']);
  if (toolUse) {
    return [toolCallPart(toolUse['toolUseId'], toolUse['name'], toolUse['input'])];
  }
  const toolResult = asObject(block['toolResult']);
  if (toolResult) {
    const content = asArray(toolResult['content']).map(readToolResultItem);
    return [toolResponsePart(toolResult['toolUseId'], content.length === 1 ? (content[0] ?? null) : content)];
  }
  const reasoning = asObject(block['reasoningContent']);
  if (reasoning) {
    const text = asString(asObject(reasoning['reasoningText'])?.['text']);
    return text === undefined ? [{ type: 'redacted_reasoning' }] : [{ type: 'reasoning', content: text }];
  }
  const citations = asObject(block['citationsContent']);
  if (citations) {
    const texts = asStrings(asObjects(citations['content']).map((item) => item['text'])) ?? [];
    return texts.map(textPart);
  }
  const guarded = asString(asObject(asObject(block['guardContent'])?.['text'])?.['text']);
  if (guarded !== undefined) return [textPart(guarded)];

  for (const modality of MODALITIES) {
    const media = asObject(block[modality]);
    if (media) return readMedia(media, modality);
  }
  // A cache point only marks where the service's prompt cache ends.
  if (block['cachePoint'] !== undefined) return [];
  const member = Object.keys(block)[0];
  return member === undefined ? [] : [{ ...block, type: member }];
}

function readToolResultItem(item: JsonValue): JsonValue {
  const object = asObject(item);
  return object?.['text'] ?? object?.['json'] ?? item;
}

function readMedia(media: JsonObject, modality: Modality): Part[] {
  const source = asObject(media['source']);
  const text = asString(source?.['text']);
  if (text !== undefined) return [textPart(text)];
  // The application split the document into blocks, so that the answer can cite them.
  if (Array.isArray(source?.['content'])) return readBlocks(source['content']);

  const about = { modality, mimeType: mimeTypeOf(modality, asString(media['format'])) };
  const uri = asString(asObject(source?.['s3Location'])?.['uri']);
  return [uri === undefined ? blobPart(about, asString(source?.['bytes'])) : uriPart(about, uri)];
}
