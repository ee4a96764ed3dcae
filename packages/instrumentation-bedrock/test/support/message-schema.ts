/**
 * The rules of the conventions' JSON schemas, except those that allow any object: of v1.41.1 for `gen_ai.input.messages`,
 * `gen_ai.output.messages`, `gen_ai.system_instructions` and `gen_ai.tool.definitions`; of the newer ones for
 * `gen_ai.tool.call.arguments` and `gen_ai.retrieval.documents`.
 */

import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { json } from './tracing.js';

type Json = Record<string, unknown>;

const isText = (value: unknown): boolean => typeof value === 'string';
const isOptionalText = (value: unknown): boolean => value === undefined || value === null || isText(value);

/** Required members of each kind of part; other kinds need a `type` only. */
const PARTS: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  text: { content: isText },
  reasoning: { content: isText },
  tool_call: { name: isText, id: isOptionalText },
  tool_call_response: { response: (value) => value !== undefined, id: isOptionalText },
  blob: { modality: isText, content: isText, mime_type: isOptionalText },
  uri: { modality: isText, uri: isText, mime_type: isOptionalText },
  file: { modality: isText, file_id: isText },
};

/** Returns what is wrong with the messages of a span; empty if they are valid. */
export function messageViolations(span: ReadableSpan): string[] {
  return [
    ...checkMessages(json(span, 'gen_ai.input.messages'), 'input', false),
    ...checkMessages(json(span, 'gen_ai.output.messages'), 'output', true),
    ...checkList(json(span, 'gen_ai.system_instructions'), 'system', checkPart),
    ...checkList(json(span, 'gen_ai.tool.definitions'), 'tools', checkTool),
    ...checkArguments(json(span, 'gen_ai.tool.call.arguments')),
    ...checkList(json(span, 'gen_ai.retrieval.documents'), 'documents', checkDocument),
  ];
}

function checkMessages(value: unknown, path: string, isOutput: boolean): string[] {
  return checkList(value, path, (message, at) => [
    ...check(isText(message['role']), `${at}.role`),
    ...check(Array.isArray(message['parts']), `${at}.parts`),
    ...checkList(message['parts'], `${at}.parts`, checkPart),
    ...check(!isOutput || isText(message['finish_reason']), `${at}.finish_reason`),
  ]);
}

function checkPart(part: Json, at: string): string[] {
  const { type } = part;
  if (typeof type !== 'string') return [`${at}.type`];
  const rules = Object.hasOwn(PARTS, type) ? PARTS[type] : {};
  return Object.entries(rules ?? {}).flatMap(([member, rule]) =>
    check(rule(part[member]), `${at}.${member} of ${type}`),
  );
}

function checkTool(tool: Json, at: string): string[] {
  return [...check(isText(tool['type']), `${at}.type`), ...check(isText(tool['name']), `${at}.name`)];
}

/** The schema has an object, so a tool with one unnamed text has a member for it. */
function checkArguments(value: unknown): string[] {
  return check(
    value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value)),
    'arguments',
  );
}

function checkDocument({ id, score }: Json, at: string): string[] {
  const isOptionalNumber = score === undefined || score === null || typeof score === 'number';
  return [...check(id === undefined || isText(id), `${at}.id`), ...check(isOptionalNumber, `${at}.score`)];
}

function checkList(value: unknown, path: string, item: (value: Json, path: string) => string[]): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return [path];
  return value.flatMap((member, index) => {
    const at = `${path}[${index}]`;
    return typeof member === 'object' && member !== null ? item(member as Json, at) : [at];
  });
}

function check(isValid: boolean, path: string): string[] {
  return isValid ? [] : [path];
}
