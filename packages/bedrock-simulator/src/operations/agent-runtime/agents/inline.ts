import { arrayOf, isObject, type JsonObject, objectOf, stringOf } from '../../../json.js';
import { type Action, type ActionGroup, type Agent, aliasArn, type Collaborator, PLAIN_AGENT } from './agent.js';

/** Reads the agent that a request to InvokeInlineAgent defines. */
export function readInlineAgent(body: JsonObject): Agent {
  return readAgent(body, body, 'INLINE_AGENT');
}

function readAgent(definition: JsonObject, body: JsonObject, fallbackName: string): Agent {
  const groups = arrayOf(definition['actionGroups']).map(objectOf);
  return {
    ...PLAIN_AGENT,
    name: stringOf(definition['agentName']) || fallbackName,
    aliasArn: aliasArn(stringOf(definition['agentName']) || 'INLINE_AGENT', 'TSTALIASID'),
    model: stringOf(definition['foundationModel']),
    instruction: stringOf(definition['instruction']),
    actionGroups: groups.filter((group) => !isCodeInterpreter(group)).map(readGroup),
    knowledgeBaseIds: arrayOf(definition['knowledgeBases']).map((base) => stringOf(objectOf(base)['knowledgeBaseId'])),
    hasCodeInterpreter: groups.some(isCodeInterpreter),
    collaborators: readCollaborators(definition, body),
    hasGuardrail: isObject(definition['guardrailConfiguration']),
    hasPreProcessing: isEnabled(definition, 'PRE_PROCESSING'),
    hasPostProcessing: isEnabled(definition, 'POST_PROCESSING'),
    routes: definition['agentCollaboration'] === 'SUPERVISOR_ROUTER',
  };
}

function isCodeInterpreter({ parentActionGroupSignature }: JsonObject): boolean {
  return parentActionGroupSignature === 'AMAZON.CodeInterpreter';
}

function isEnabled({ promptOverrideConfiguration }: JsonObject, promptType: string): boolean {
  return arrayOf(objectOf(promptOverrideConfiguration)['promptConfigurations'])
    .map(objectOf)
    .some((prompt) => prompt['promptType'] === promptType && prompt['promptState'] === 'ENABLED');
}

/** The definitions of all collaborators are at the top of the request; each agent names its own. */
function readCollaborators(definition: JsonObject, body: JsonObject): Collaborator[] {
  return arrayOf(definition['collaboratorConfigurations'])
    .map(objectOf)
    .flatMap(({ collaboratorName, collaboratorInstruction }) => {
      const found = arrayOf(body['collaborators'])
        .map(objectOf)
        .find(({ agentName }) => agentName === collaboratorName);
      // The third level has no collaborators, because definitions could name each other without end.
      const own = found && (definition === body ? found : { ...found, collaboratorConfigurations: [] });
      return own
        ? [{ instruction: stringOf(collaboratorInstruction), agent: readAgent(own, body, stringOf(collaboratorName)) }]
        : [];
    });
}

function readGroup(group: JsonObject): ActionGroup {
  const functions = arrayOf(objectOf(group['functionSchema'])['functions']).map(objectOf);
  return {
    name: stringOf(group['actionGroupName']),
    returnsControl: objectOf(group['actionGroupExecutor'])['customControl'] === 'RETURN_CONTROL',
    actions: [...functions.map(readFunction), ...readApi(stringOf(objectOf(group['apiSchema'])['payload']))],
  };
}

function readFunction({ name, parameters }: JsonObject): Action {
  const entries = Object.entries(objectOf(parameters));
  const required = entries.filter(([, detail]) => objectOf(detail)['required'] !== false).map(([key]) => key);
  const properties = Object.fromEntries(entries.map(([key, detail]) => [key, { type: objectOf(detail)['type'] }]));
  return action(stringOf(name), { type: 'object', properties, required });
}

/** Reads the operations of an OpenAPI schema in JSON, with their parameters. */
function readApi(payload: string): Action[] {
  return Object.entries(objectOf(parseJson(payload)['paths'])).flatMap(([path, verbs]) =>
    Object.entries(objectOf(verbs)).map(([verb, operation]) => {
      const { operationId, parameters } = objectOf(operation);
      const entries = arrayOf(parameters)
        .map(objectOf)
        .map(({ name, schema }) => [stringOf(name), objectOf(schema)] as const);
      const schema = {
        type: 'object',
        properties: Object.fromEntries(entries),
        required: entries.map(([name]) => name),
      };
      return { ...action(stringOf(operationId) || path, schema), api: { path, verb: verb.toUpperCase() } };
    }),
  );
}

/** The simulator runs no Lambda function. An action of an inline agent returns its arguments. */
function action(name: string, schema: JsonObject): Action {
  return {
    tool: { name, schema },
    run: (input) => ({ text: JSON.stringify({ ...input, result: `scripted result of ${name}` }) }),
  };
}

function parseJson(text: string): JsonObject {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return {};
  }
}
