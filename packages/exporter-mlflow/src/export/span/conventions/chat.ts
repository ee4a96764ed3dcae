import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { quoteUnsafeIntegers } from '../../../common/integers.js';
import { isRecord, parseJson } from '../../../common/json.js';
import { CHAT_TOOLS, SPAN_INPUTS } from '../../../mlflow/names.js';

const INPUT_MESSAGES = 'gen_ai.input.messages';
const SYSTEM_INSTRUCTIONS = 'gen_ai.system_instructions';
const TOOL_DEFINITIONS = 'gen_ai.tool.definitions';
const TOOL_RESULT = 'tool_call_response';

/**
 * What MLflow's chat view needs of a chat by the GenAI conventions, in addition to what it reads. It ignores system
 * instructions, shows the last one of several tool results in a message, and needs tools in the shape of OpenAI.
 * Undefined if there is nothing to add.
 */
export function translateChat(attributes: Attributes): Attributes | undefined {
  const tools = attributes[CHAT_TOOLS] === undefined ? translateTools(attributes[TOOL_DEFINITIONS]) : undefined;
  // MLflow shows its own attribute instead of these messages.
  const messages = attributes[SPAN_INPUTS] === undefined ? translateMessages(attributes) : undefined;
  if (tools === undefined && messages === undefined) return undefined;
  return {
    ...attributes,
    ...(tools === undefined ? {} : { [CHAT_TOOLS]: tools }),
    ...(messages === undefined ? {} : { [INPUT_MESSAGES]: messages }),
  };
}

function translateMessages(attributes: Attributes): string | undefined {
  const recorded = attributes[INPUT_MESSAGES];
  if (typeof recorded !== 'string' || !/^\s*\[/.test(recorded)) return undefined;
  const messages = separateToolResults(recorded) ?? recorded;
  const complete = addSystemMessage(messages, attributes[SYSTEM_INSTRUCTIONS]) ?? messages;
  return complete === recorded ? undefined : complete;
}

/** The messages with each tool result in a message of its own. Undefined if no message has several. */
function separateToolResults(text: string): string | undefined {
  if (text.indexOf(TOOL_RESULT) === text.lastIndexOf(TOOL_RESULT)) return undefined;
  const messages = parseJson(quoteUnsafeIntegers(text));
  if (!Array.isArray(messages)) return undefined;
  const separate = messages.flatMap((message) => {
    const parts: unknown = isRecord(message) ? message['parts'] : undefined;
    const isSeveral = Array.isArray(parts) && parts.length > 1 && parts.every(isToolResult);
    return isSeveral ? parts.map((part) => ({ ...message, parts: [part] })) : [message];
  });
  return separate.length === messages.length ? undefined : JSON.stringify(separate);
}

function isToolResult(part: unknown): boolean {
  return isRecord(part) && part['type'] === TOOL_RESULT;
}

/** The messages behind one of the system. Only the instructions are parsed: the messages may be large. */
function addSystemMessage(messages: string, instructions: AttributeValue | undefined): string | undefined {
  const parts = typeof instructions === 'string' ? parseJson(instructions) : undefined;
  if (!Array.isArray(parts) || parts.length === 0 || /^\s*\[\s*\{\s*"role"\s*:\s*"system"/.test(messages))
    return undefined;
  const rest = messages.trimStart().slice(1);
  const separator = /^\s*\]/.test(rest) ? '' : ',';
  return `[{"role":"system","parts":${instructions}}${separator}${rest}`;
}

/** Definitions in the shape of the conventions, of the AI SDK and of Anthropic, as OpenAI's chat API has them. */
function translateTools(definitions: AttributeValue | undefined): string | undefined {
  const tools = typeof definitions === 'string' ? parseJson(definitions) : undefined;
  if (!Array.isArray(tools)) return undefined;
  const translated = tools.flatMap((tool) => {
    if (!isRecord(tool) || typeof tool['name'] !== 'string') return [];
    const { name, description } = tool;
    const parameters = tool['parameters'] ?? tool['inputSchema'] ?? tool['input_schema'];
    // JSON leaves out members that are undefined.
    return [{ type: 'function', function: { name, description, parameters } }];
  });
  return translated.length === 0 ? undefined : JSON.stringify(translated);
}
