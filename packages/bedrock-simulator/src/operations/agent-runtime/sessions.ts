import { uuidOf } from '../../digest.js';
import { errorResponse } from '../../errors.js';
import { type JsonObject, objectOf, stringOf } from '../../json.js';
import type { SimulatedResponse } from '../../types.js';
import type { Operation } from '../operation.js';
import { ACCOUNT } from './agents/agent.js';

interface StoredSession {
  facts: JsonObject;
  readonly invocations: Map<string, JsonObject>;
  readonly steps: Map<string, JsonObject>;
}

/** The sessions API, in memory only. */
export function sessionOperations(): Operation[] {
  const sessions = new Map<string, StoredSession>();
  /** Answers with the session of the path, by its id or its ARN. */
  const withSession =
    (read: (session: StoredSession, body: JsonObject, labels: Readonly<Record<string, string>>) => SimulatedResponse) =>
    ({ labels, body }: { labels: Readonly<Record<string, string>>; body: JsonObject }) => {
      const id = (labels['sessionIdentifier'] ?? '').replace(/^arn:.*\//, '');
      const session = sessions.get(id);
      return session ? read(session, body, labels) : missing('session', id);
    };
  return [
    {
      name: 'CreateSession',
      method: 'PUT',
      path: '/sessions/',
      answer({ body }) {
        const sessionId = uuidOf(['session', sessions.size, body]);
        const facts = {
          sessionId,
          sessionArn: `arn:aws:bedrock:us-east-1:${ACCOUNT}:session/${sessionId}`,
          sessionStatus: 'ACTIVE',
          createdAt: now(),
          lastUpdatedAt: now(),
          sessionMetadata: objectOf(body['sessionMetadata']),
        };
        sessions.set(sessionId, { facts, invocations: new Map(), steps: new Map() });
        return { status: 201, body: facts };
      },
    },
    {
      name: 'ListSessions',
      method: 'POST',
      path: '/sessions/',
      answer: () => ({ body: { sessionSummaries: [...sessions.values()].map(({ facts }) => facts) } }),
    },
    {
      name: 'GetSession',
      method: 'GET',
      path: '/sessions/{sessionIdentifier}/',
      answer: withSession(({ facts }) => ({ body: facts })),
    },
    {
      name: 'UpdateSession',
      method: 'PUT',
      path: '/sessions/{sessionIdentifier}/',
      answer: withSession((session, { sessionMetadata }) => {
        session.facts = { ...session.facts, sessionMetadata: objectOf(sessionMetadata), lastUpdatedAt: now() };
        return { body: session.facts };
      }),
    },
    {
      name: 'EndSession',
      method: 'PATCH',
      path: '/sessions/{sessionIdentifier}',
      answer: withSession((session) => {
        session.facts = { ...session.facts, sessionStatus: 'ENDED', lastUpdatedAt: now() };
        return { body: session.facts };
      }),
    },
    {
      name: 'DeleteSession',
      method: 'DELETE',
      path: '/sessions/{sessionIdentifier}/',
      answer: withSession(({ facts }) => {
        sessions.delete(stringOf(facts['sessionId']));
        return { body: {} };
      }),
    },
    {
      name: 'CreateInvocation',
      method: 'PUT',
      path: '/sessions/{sessionIdentifier}/invocations/',
      answer: withSession(({ facts, invocations }, body) => {
        const invocationId = stringOf(body['invocationId']) || uuidOf([facts['sessionId'], invocations.size, body]);
        const invocation = { sessionId: facts['sessionId'], invocationId, createdAt: now() };
        invocations.set(invocationId, invocation);
        return { status: 201, body: invocation };
      }),
    },
    {
      name: 'ListInvocations',
      method: 'POST',
      path: '/sessions/{sessionIdentifier}/invocations/',
      answer: withSession(({ invocations }) => ({ body: { invocationSummaries: [...invocations.values()] } })),
    },
    {
      name: 'PutInvocationStep',
      method: 'PUT',
      path: '/sessions/{sessionIdentifier}/invocationSteps/',
      answer: withSession(({ facts, invocations, steps }, body) => {
        const invocationId = stringOf(body['invocationIdentifier']);
        if (!invocations.has(invocationId)) return missing('invocation', invocationId);
        const id = stringOf(body['invocationStepId']) || uuidOf([facts['sessionId'], steps.size, body]);
        const { invocationStepTime, payload } = body;
        const step = { sessionId: facts['sessionId'], invocationId, invocationStepId: id, invocationStepTime, payload };
        steps.set(id, step);
        return { status: 201, body: { invocationStepId: id } };
      }),
    },
    {
      name: 'ListInvocationSteps',
      method: 'POST',
      path: '/sessions/{sessionIdentifier}/invocationSteps/',
      answer: withSession(({ steps }, { invocationIdentifier }) => {
        const some = [...steps.values()].filter(
          ({ invocationId }) => invocationIdentifier === undefined || invocationId === invocationIdentifier,
        );
        return { body: { invocationStepSummaries: some.map(({ payload: _, ...summary }) => summary) } };
      }),
    },
    {
      name: 'GetInvocationStep',
      method: 'POST',
      path: '/sessions/{sessionIdentifier}/invocationSteps/{invocationStepId}',
      answer: withSession(({ steps }, _, { invocationStepId = '' }) => {
        const invocationStep = steps.get(invocationStepId);
        return invocationStep ? { body: { invocationStep } } : missing('invocation step', invocationStepId);
      }),
    },
  ];
}

function missing(kind: string, id: string): SimulatedResponse {
  return errorResponse('ResourceNotFoundException', `The Bedrock simulator has no ${kind} ${id}.`);
}

function now(): string {
  return new Date().toISOString();
}
