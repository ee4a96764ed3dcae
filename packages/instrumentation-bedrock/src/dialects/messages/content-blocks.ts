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
import { unwrapUnknown } from '../../data/unknown-member.js';
import { MODALITIES, type Modality, mimeTypeOf } from './mime-types.js';
import { blobPart, citationParts, toolCallPart, toolError, toolResponsePart, uriPart } from './parts.js';

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
  const members = unwrapUnknown(tool);
  const spec = asObject(members['toolSpec']);
  if (spec) {
    const { name, description, inputSchema, ...others } = spec;
    if (typeof name !== 'string') return [];
    const parameters = asObject(inputSchema)?.['json'];
    return [{ type: 'function', name, description: asString(description), parameters, ...others }];
  }
  // The service runs system tools, such as `nova_grounding`, itself. A cache point is no tool.
  const type = Object.keys(members).find((member) => member !== 'cachePoint');
  const definition = type === undefined ? undefined : asObject(members[type]);
  if (type === undefined || !definition) return [];
  const { type: kind, name = type, ...others } = definition;
  return typeof name === 'string' ? [{ type, name, ...(kind === undefined ? {} : { kind }), ...others }] : [];
}

function readBlock(wrapped: JsonObject): Part[] {
  const block = unwrapUnknown(wrapped);
  if (typeof block['text'] === 'string') return [textPart(block['text'])];

  const toolUse = asObject(block['toolUse']);
  if (toolUse) return [readToolUse(toolUse)];
  const toolResult = asObject(block['toolResult']);
  if (toolResult) return [readToolResult(toolResult)];
  const reasoning = asObject(block['reasoningContent']);
  if (reasoning) return [readReasoning(reasoning)];
  const citations = asObject(block['citationsContent']);
  if (citations) return readCitedText(citations);
  const guarded = asObject(block['guardContent']);
  if (guarded) return readGuarded(guarded);

  const media = readMediaMembers(block);
  if (media.length > 0) return media;
  // A cache point only marks where the service's prompt cache ends.
  if (block['cachePoint'] !== undefined) return [];
  const member = Object.keys(block)[0];
  return member === undefined ? [] : [{ ...block, type: member }];
}

/** The `type` of a tool call or result is set for tools that the service runs itself. */
function toolType(type: JsonValue | undefined): JsonObject {
  return type === undefined ? {} : { tool_type: type };
}

function readToolUse({ toolUseId, name, input, type, ...others }: JsonObject): Part {
  return toolCallPart(toolUseId, name, input, { ...toolType(type), ...others });
}

function readToolResult({ toolUseId, content, status, type, ...others }: JsonObject): Part {
  const items = asArray(content).map(readToolResultItem);
  const [only] = items;
  const response = only === undefined || items.length > 1 ? items : only;
  return toolResponsePart(toolUseId, response, { ...toolError(status === 'error'), ...toolType(type), ...others });
}

function readToolResultItem(item: JsonValue): JsonValue {
  const object = asObject(item);
  const members = object && unwrapUnknown(object);
  return members?.['text'] ?? members?.['json'] ?? members ?? item;
}

function readReasoning(reasoning: JsonObject): Part {
  const members = unwrapUnknown(reasoning);
  const text = asString(asObject(members['reasoningText'])?.['text']);
  if (text !== undefined) return { type: 'reasoning', content: text };
  const { redactedContent, ...others } = members;
  return { type: 'redacted_reasoning', ...(redactedContent === undefined ? {} : { data: redactedContent }), ...others };
}

function readCitedText({ content, citations }: JsonObject): Part[] {
  const texts = asStrings(asObjects(content).map((item) => item['text'])) ?? [];
  return [...texts.map(textPart), ...citationParts(citations)];
}

function readGuarded(guarded: JsonObject): Part[] {
  const text = asObject(guarded['text']);
  if (typeof text?.['text'] === 'string') {
    const { qualifiers } = text;
    return [{ type: 'text', content: text['text'], ...(qualifiers === undefined ? {} : { qualifiers }) }];
  }
  const image = asObject(guarded['image']);
  return image ? readMedia(image, 'image') : [{ ...unwrapUnknown(guarded), type: 'guardContent' }];
}

/** Reads the members `image`, `video`, `audio` and `document` of a block. Usually there is one of them. */
export function readMediaMembers(block: JsonObject): Part[] {
  return MODALITIES.flatMap((modality) => {
    const media = asObject(block[modality]);
    return media ? readMedia(media, modality) : [];
  });
}

function readMedia(media: JsonObject, modality: Modality): Part[] {
  const source = asObject(media['source']);
  const text = asString(source?.['text']);
  if (text !== undefined) return [textPart(text)];
  // The application split the document into blocks, so that the answer can cite them.
  if (Array.isArray(source?.['content'])) return readBlocks(source['content']);

  const about = { modality, mimeType: mimeTypeOf(modality, asString(media['format'])) };
  const uri = asString(asObject(source?.['s3Location'])?.['uri']);
  const part = uri === undefined ? blobPart(about, asString(source?.['bytes'])) : uriPart(about, uri);
  const error = asObject(media['error']);
  return [error ? ({ ...part, error } as Part) : part];
}
