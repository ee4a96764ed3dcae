import { isObject, objectOf, stringOf } from '../../json.js';
import { plainConversation } from '../../model/conversation.js';
import type { ScriptedModel } from '../../model/scripted-model.js';
import type { SimulatedResponse } from '../../types.js';
import type { Operation, OperationRequest } from '../operation.js';

const SESSION = 'x-amzn-bedrock-agentcore-runtime-session-id';

/**
 * An agent in a runtime. Its answer is `{result}`, or server-sent events with a piece of text each if the request accepts
 * them. The service prescribes neither.
 */
export function invokeAgentRuntime(model: ScriptedModel): Operation {
  return {
    name: 'InvokeAgentRuntime',
    method: 'POST',
    path: '/runtimes/{agentRuntimeArn+}/invocations',
    acceptsAnyBody: true,
    answer(request): SimulatedResponse {
      const { headers, labels, pieces } = request;
      const reply = model.reply(
        labels['agentRuntimeArn'] ?? '',
        plainConversation(promptOf(request), undefined),
        pieces,
      );
      const session = headers[SESSION] ?? '';
      if (!(headers['accept'] ?? '').includes('text/event-stream')) {
        return { headers: { [SESSION]: session }, body: { result: reply.text } };
      }
      return {
        headers: { 'content-type': 'text/event-stream', [SESSION]: session },
        events: reply.pieces.map((piece) => Buffer.from(`data: ${JSON.stringify(piece)}\n\n`)),
      };
    },
  };
}

export const stopRuntimeSession: Operation = {
  name: 'StopRuntimeSession',
  method: 'POST',
  path: '/runtimes/{agentRuntimeArn+}/stopruntimesession',
  answer: ({ headers }) => ({ headers: { [SESSION]: headers[SESSION] ?? '' }, body: {} }),
};

/** Commands do not run. */
export const invokeAgentRuntimeCommand: Operation = {
  name: 'InvokeAgentRuntimeCommand',
  method: 'POST',
  path: '/runtimes/{agentRuntimeArn+}/commands',
  answer: ({ headers, body }) => ({
    headers: { [SESSION]: headers[SESSION] ?? '' },
    events: [
      { contentStart: {} },
      { contentDelta: { stdout: `The Bedrock simulator does not run: ${stringOf(body['command'])}\n` } },
      { contentStop: { exitCode: 0, status: 'COMPLETED' } },
    ].map((payload) => ({ type: 'chunk', payload })),
  }),
};

/** The member `prompt` of a payload, or else its text. */
function promptOf({ rawBody }: OperationRequest): string {
  if (rawBody instanceof Uint8Array) return Buffer.from(rawBody).toString('utf8');
  const prompt = stringOf(objectOf(rawBody)['prompt']);
  return prompt === '' && isObject(rawBody) ? JSON.stringify(rawBody) : prompt || stringOf(rawBody);
}
