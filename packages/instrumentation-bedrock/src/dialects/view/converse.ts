/**
 * Rewrites bodies of Converse and Amazon Nova so that MLflow's chat view can parse them.
 *
 * The view shows no message of a request or answer if it does not know one of its blocks. Such a block gets a text that
 * the view can show, and keeps its own members beside it. The view reads neither `system` nor reasoning. So the system
 * prompt is also the first message, and the text of reasoning is also the last block of its message.
 *
 * This follows the parser of MLflow 3.17 for the message format `bedrock`.
 */

import { isMediaNote } from '../../data/cut.js';
import { asArray, asObject, asObjects, asString, isObject, type JsonObject, type JsonValue } from '../../data/json.js';

/** Rewrites a request to Converse, or a Nova request to InvokeModel. */
export function viewConverseRequest(body: JsonObject): JsonObject {
  const system = asObjects(body['system']).map(viewConverseBlock);
  const prompt = system.length > 0 ? [{ role: 'system', content: system }] : [];
  return { ...body, messages: [...prompt, ...asArray(body['messages']).map(viewConverseMessage)] };
}

/** Rewrites an answer of Converse, or a Nova answer of InvokeModel. */
export function viewConverseResponse(body: JsonObject): JsonObject {
  const output = asObject(body['output']);
  return output?.['message'] === undefined
    ? body
    : { ...body, output: { ...output, message: viewConverseMessage(output['message']) } };
}

function viewConverseMessage(message: JsonValue): JsonValue {
  if (!isObject(message) || !Array.isArray(message['content'])) return message;
  const blocks = asObjects(message['content']);
  return { ...message, content: [...blocks.map(viewConverseBlock), ...viewReasoning(blocks)] };
}

/** Markdown keeps it apart from the answer. It comes last, because the view folds everything beyond 300 characters. */
function viewReasoning(blocks: readonly JsonObject[]): JsonObject[] {
  const texts = blocks.flatMap((block) => {
    const reasoning = asObject(asObject(block['reasoningContent'])?.['reasoningText']);
    return asString(reasoning?.['text']) || [];
  });
  if (texts.length === 0) return [];
  return [{ text: `\n\n**Reasoning**\n\n${texts.join('\n\n').replaceAll(/^/gm, '> ')}`, shows: 'reasoningContent' }];
}

function viewConverseBlock(block: JsonObject): JsonObject {
  const toolResult = asObject(block['toolResult']);
  if (toolResult) {
    const content = asObjects(toolResult['content']).map(viewConverseBlock);
    return { ...block, toolResult: { ...toolResult, content } };
  }
  const text = textOfWrapper(block);
  if (text !== undefined) return { ...block, text };
  const image = asObject(block['image']);
  const bytes = asObject(image?.['source'])?.['bytes'];
  if (image && (typeof bytes !== 'string' || isMediaNote(bytes))) {
    const uri = asString(asObject(asObject(image['source'])?.['s3Location'])?.['uri']);
    // The parser looks for `image` first and needs its bytes, so the member moves into `original`.
    const { image: original, ...rest } = block;
    return { ...rest, text: `[image${uri === undefined ? '' : ` ${uri}`}]`, original: { image: original } };
  }
  return block;
}

/** Returns the text of a block that wraps text: cited text, a search result, or text marked for the guardrail. */
function textOfWrapper(block: JsonObject): string | undefined {
  const wrapper = asObject(block['citationsContent']) ?? asObject(block['searchResult']);
  const texts = wrapper?.['content'];
  if (Array.isArray(texts)) return texts.map((part) => asString(asObject(part)?.['text']) ?? '').join('');
  return asString(asObject(asObject(block['guardContent'])?.['text'])?.['text']);
}
