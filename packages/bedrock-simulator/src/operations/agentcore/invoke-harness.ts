import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '../../json.js';
import type { ScriptedModel } from '../../model/scripted-model.js';
import type { Operation } from '../operation.js';
import { converseEvents, readConverseRequest } from '../runtime/dialects/converse.js';

/** A harness. It calls functions of the application only; the application goes on with their results. */
export function invokeHarness(model: ScriptedModel): Operation {
  return {
    name: 'InvokeHarness',
    method: 'POST',
    path: '/harnesses/invoke',
    answer({ body, labels, pieces }) {
      const reply = model.reply(
        modelOf(body, labels['harnessArn'] ?? ''),
        readConverseRequest(asConverse(body)),
        pieces,
      );
      return { events: converseEvents(reply) };
    },
  };
}

function modelOf({ model }: JsonObject, fallback: string): string {
  const [configuration] = Object.values(objectOf(model)).map(objectOf);
  return stringOf(configuration?.['modelId']) || fallback;
}

function asConverse({ messages, systemPrompt, tools, maxTokens }: JsonObject): JsonObject {
  const functions = arrayOf(tools).map(objectOf).flatMap(functionOf);
  return {
    messages,
    system: systemPrompt,
    inferenceConfig: { maxTokens: numberOf(maxTokens) },
    ...(functions.length > 0 && { toolConfig: { tools: functions } }),
  };
}

function functionOf({ name, config }: JsonObject): JsonObject[] {
  const inline = objectOf(config)['inlineFunction'];
  if (inline === undefined) return [];
  const { description, inputSchema } = objectOf(inline);
  return [{ toolSpec: { name, description, inputSchema: { json: inputSchema } } }];
}
