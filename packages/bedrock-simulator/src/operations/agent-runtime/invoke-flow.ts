import { uuidOf } from '../../digest.js';
import { errorResponse } from '../../errors.js';
import { arrayOf, type JsonObject, objectOf } from '../../json.js';
import type { Operation } from '../operation.js';
import { type FlowRun, runFlow } from './flows/flow.js';

/** The flow that asks a question back. */
const ASKING_FLOW = 'SHOPASK001';

/** Answers by a flow of a few nodes, the same for every flow id. */
export function invokeFlow(): Operation {
  /** The first inputs of the executions that wait for an answer. */
  const waiting = new Map<string, string>();
  return {
    name: 'InvokeFlow',
    method: 'POST',
    path: '/flows/{flowIdentifier}/aliases/{flowAliasIdentifier}',
    answer({ labels, body, pieces }) {
      const document = documentOf(body['inputs']);
      const executionId = String(body['executionId'] ?? uuidOf([labels, document, waiting.size]));
      const first = waiting.get(executionId);
      if (body['executionId'] !== undefined && first === undefined)
        return errorResponse('ValidationException', `The execution ${executionId} does not wait for input.`);
      waiting.delete(executionId);
      const run: FlowRun = { traced: body['enableTrace'] === true, text: pieces?.join('') };
      const asks = labels['flowIdentifier'] === ASKING_FLOW && first === undefined;
      if (asks) waiting.set(executionId, document);
      return {
        headers: { 'x-amz-bedrock-flow-execution-id': executionId },
        events: runFlow(first === undefined ? document : `${first} ${document}`, asks, run),
      };
    },
  };
}

/** Returns the input of the flow as a text. */
export function documentOf(inputs: unknown): string {
  const [input] = arrayOf(inputs).map(objectOf);
  const { document = '' }: JsonObject = objectOf(input?.['content']);
  return typeof document === 'string' ? document : JSON.stringify(document);
}
