/** Actions of agents: their definitions, their parameters, and what the application gets and returns with control. */

import {
  asMembers,
  asObject,
  asObjects,
  asString,
  type JsonObject,
  type JsonValue,
  setMember,
} from '../../data/json.js';
import type { Part, ToolDefinition } from '../../data/messages.js';
import { toolCallPart, toolError, toolResponsePart } from '../messages/parts.js';

/** Reads an action group of an inline agent. Functions have a schema; other groups are one tool with a name. */
export function readActionTools(group: JsonObject): ToolDefinition[] {
  const { actionGroupName, description: text, parentActionGroupSignature } = group;
  const functions = asObjects(asObject(group['functionSchema'])?.['functions']);
  if (functions.length > 0) return functions.flatMap(readFunction);
  const name = asString(actionGroupName);
  if (name === undefined) return [];
  const type = asString(parentActionGroupSignature) ?? 'function';
  return [{ type, name, description: asString(text) }];
}

function readFunction({ name, description, parameters }: JsonObject): ToolDefinition[] {
  if (typeof name !== 'string') return [];
  return [{ type: 'function', name, description: asString(description), parameters: readSchema(parameters) }];
}

/** Returns a JSON schema of what the API has as a map of parameters. */
function readSchema(parameters: JsonValue | undefined): JsonValue | undefined {
  const named = asObject(parameters);
  if (!named) return undefined;
  const properties: JsonObject = {};
  const required: string[] = [];
  for (const name of Object.keys(named)) {
    const { required: isRequired, ...schema } = asMembers(named[name]);
    setMember(properties, name, schema);
    if (isRequired === true) required.push(name);
  }
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

/** The arguments of an action. The values stay as the service has them, which is text for every type. */
export function readArguments({ parameters, requestBody }: JsonObject): JsonObject {
  const args = readParameters(parameters);
  const content = asObject(asObject(requestBody)?.['content']);
  if (!content) return args;
  const bodies: JsonObject = {};
  for (const type of Object.keys(content)) {
    const fields = asObject(content[type])?.['properties'] ?? content[type];
    setMember(bodies, type, readParameters(fields));
  }
  return { ...args, requestBody: bodies };
}

function readParameters(parameters: JsonValue | undefined): JsonObject {
  const args: JsonObject = {};
  for (const { name, value } of asObjects(parameters)) {
    if (typeof name === 'string') setMember(args, name, value ?? null);
  }
  return args;
}

/** Reads what an agent returns control for: one tool call for each action. */
export function readActions({ invocationId, invocationInputs }: JsonObject): Part[] {
  return asObjects(invocationInputs).flatMap((input) => {
    const action = asObject(input['functionInvocationInput']) ?? asObject(input['apiInvocationInput']);
    return action ? [toolCallPart(invocationId, actionName(action), readArguments(action), aboutAction(action))] : [];
  });
}

/** Reads the result of an action that the application has taken. */
export function readActionResult(result: JsonObject, invocationId: JsonValue | undefined): Part {
  const action = asObject(result['functionResult']) ?? asMembers(result['apiResult']);
  const { responseBody, responseState } = action;
  const name = actionName(action);
  return toolResponsePart(invocationId, readResponseBody(responseBody), {
    ...(name === undefined ? {} : { name }),
    ...aboutAction(action),
    ...toolError(responseState === 'FAILURE'),
  });
}

/** The name of the function, or the path of the API. */
export function actionName(action: JsonObject): string | undefined {
  return asString(action['function']) ?? asString(action['apiPath']);
}

function aboutAction(action: JsonObject): JsonObject {
  const { actionGroup, httpMethod, confirmationState, agentId, collaboratorName } = action;
  const members = {
    action_group: actionGroup,
    http_method: httpMethod,
    confirmation_state: confirmationState,
    agent_id: agentId,
    collaborator_name: collaboratorName,
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => typeof value === 'string'));
}

/** Most results have one body, which is text. */
function readResponseBody(responseBody: JsonValue | undefined): JsonValue {
  const [first, ...others] = Object.values(asMembers(responseBody));
  const only = others.length === 0 ? asObject(first) : undefined;
  return only && Object.keys(only).every((key) => key === 'body') ? (only['body'] ?? null) : (responseBody ?? null);
}
