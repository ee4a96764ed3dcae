import { uuidOf } from '../../digest.js';
import { objectOf, stringOf } from '../../json.js';
import { solveSum } from '../../model/script.js';
import type { StreamEvent } from '../../types.js';
import type { Operation } from '../operation.js';

/** Code interpreters and browsers, with sessions in memory. Code does not run, but the first sum in it is solved. */
export function toolOperations(): Operation[] {
  return [
    ...sessionOperations('CodeInterpreter', 'code-interpreters', 'codeInterpreterIdentifier'),
    ...sessionOperations('Browser', 'browsers', 'browserIdentifier'),
    {
      name: 'InvokeCodeInterpreter',
      method: 'POST',
      path: '/code-interpreters/{codeInterpreterIdentifier}/tools/invoke',
      answer: ({ headers, body }) => ({
        headers: sessionHeader('x-amzn-code-interpreter-session-id', headers),
        events: [run(stringOf(objectOf(body['arguments'])['code']))],
      }),
    },
    {
      name: 'InvokeBrowser',
      method: 'POST',
      path: '/browsers/{browserIdentifier}/sessions/invoke',
      answer({ headers, body }) {
        const [action = 'screenshot'] = Object.keys(objectOf(body['action']));
        return {
          headers: sessionHeader('x-amzn-browser-session-id', headers),
          body: { result: { [action]: { status: 'SUCCESS' } } },
        };
      },
    },
  ];
}

function sessionHeader(name: string, headers: Readonly<Record<string, string>>): Record<string, string> {
  return { [name]: headers[name] ?? '' };
}

/** Code with the word `raise` fails. */
function run(code: string): StreamEvent {
  const isError = /\braise\b/.test(code);
  const sum = solveSum(code);
  const stdout = isError ? '' : `${sum ?? 'The Bedrock simulator does not run code.'}\n`;
  const stderr = isError ? 'RuntimeError: raised by the code\n' : '';
  const structuredContent = { stdout, stderr, exitCode: isError ? 1 : 0, taskStatus: isError ? 'failed' : 'completed' };
  return {
    type: 'result',
    payload: { content: [{ type: 'text', text: stdout || stderr }], structuredContent, isError },
  };
}

function sessionOperations(tool: string, path: string, identifier: string): Operation[] {
  const sessions = new Map<string, object>();
  const now = (): string => new Date().toISOString();
  const idOf = (labels: Readonly<Record<string, string>>): string => labels['sessionId'] ?? '';
  return [
    {
      name: `Start${tool}Session`,
      method: 'PUT',
      path: `/${path}/{${identifier}}/sessions/start`,
      answer({ labels, body }) {
        const sessionId = uuidOf([path, sessions.size, body]);
        const facts = { [identifier]: labels[identifier], sessionId, createdAt: now() };
        sessions.set(sessionId, facts);
        return { body: facts };
      },
    },
    {
      name: `Get${tool}Session`,
      method: 'GET',
      path: `/${path}/{${identifier}}/sessions/get`,
      answer({ labels }) {
        const status = sessions.has(idOf(labels)) ? 'READY' : 'TERMINATED';
        const facts = sessions.get(idOf(labels)) ?? { [identifier]: labels[identifier], sessionId: idOf(labels) };
        return { body: { createdAt: now(), ...facts, status } };
      },
    },
    {
      name: `Stop${tool}Session`,
      method: 'PUT',
      path: `/${path}/{${identifier}}/sessions/stop`,
      answer({ labels }) {
        sessions.delete(idOf(labels));
        return { body: { [identifier]: labels[identifier], sessionId: idOf(labels), lastUpdatedAt: now() } };
      },
    },
  ];
}
