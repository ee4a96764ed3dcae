/** Tools that AgentCore runs: the code interpreter, the browser, and commands in a runtime. */

import {
  asMembers,
  asObject,
  asObjects,
  asString,
  firstKey,
  type JsonObject,
  type JsonValue,
} from '../../data/json.js';
import { ATTR_GEN_AI_TOOL_CALL_ARGUMENTS, ATTR_GEN_AI_TOOL_CALL_RESULT } from '../../data/semconv.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { createCodeInterpreterFold, createCommandFold } from '../fold/tool-output-fold.js';

function toolDialect(
  name: string,
  argumentsOf: (input: JsonObject) => JsonValue | undefined,
  resultOf: (output: JsonObject) => JsonValue | undefined,
): Dialect {
  return {
    ...blankDialect(name, 'execute_tool'),
    readInputDetails: (body) => ({ [ATTR_GEN_AI_TOOL_CALL_ARGUMENTS]: argumentsOf(body) }),
    readOutputDetails: (body) => ({ [ATTR_GEN_AI_TOOL_CALL_RESULT]: resultOf(body) }),
  };
}

export const codeInterpreter: Dialect = {
  ...toolDialect('code-interpreter', (input) => input['arguments'], pick('content', 'structuredContent', 'isError')),
  createFold: createCodeInterpreterFold,
};

export const command: Dialect = {
  ...toolDialect('runtime-command', (input) => input['body'], pick('stdout', 'stderr', 'exitCode', 'status')),
  createFold: createCommandFold,
};

export const browser: Dialect = toolDialect(
  'browser',
  (input) => membersOf(input['action']),
  (output) => membersOf(output['result']),
);

/** Returns the name of a browser's action, such as `mouseClick`: the member of a union. */
export function actionName({ action }: JsonObject): string | undefined {
  return firstKey(asMembers(action));
}

/** Returns the members of what is in a union. */
export function membersOf(union: JsonValue | undefined): JsonObject | undefined {
  const members = asMembers(union);
  return asObject(members[firstKey(members) ?? '']);
}

/** Returns the texts of a result of the code interpreter. */
export function textOfResult({ content }: JsonObject): string | undefined {
  const texts = asObjects(content).map(({ text }) => asString(text));
  const known = texts.filter((text) => text !== undefined);
  return known.length > 0 ? known.join('\n') : undefined;
}

function pick(...names: readonly string[]): (output: JsonObject) => JsonObject | undefined {
  return (output) => {
    const members = names.filter((name) => output[name] !== undefined).map((name) => [name, output[name]]);
    return members.length > 0 ? Object.fromEntries(members) : undefined;
  };
}
