import { digest } from '../../digest.js';
import { errorResponse } from '../../errors.js';
import { type JsonObject, stringOf } from '../../json.js';
import type { Operation, OperationRequest } from '../operation.js';
import { ACCOUNT } from './agents/agent.js';
import { runFlow } from './flows/flow.js';
import { documentOf } from './invoke-flow.js';

interface Execution {
  readonly facts: JsonObject;
  status: 'Aborted' | 'Running' | 'Succeeded';
  readonly document: string;
  readonly output: string;
}

/** Executions of flows, in memory only. The first read of an execution shows it as running, later ones as succeeded. */
export function flowExecutionOperations(): Operation[] {
  const executions = new Map<string, Execution>();
  const base = '/flows/{flowIdentifier}/aliases/{flowAliasIdentifier}/executions';
  const one = `${base}/{executionIdentifier}`;
  return [
    {
      name: 'StartFlowExecution',
      method: 'POST',
      path: base,
      answer({ labels, body }) {
        const document = documentOf(body['inputs']);
        const id = stringOf(body['flowExecutionName']) || digest([labels, document, executions.size]).slice(0, 10);
        const facts = { ...factsOf(labels, id), startedAt: new Date().toISOString() };
        executions.set(id, { facts, status: 'Running', document, output: outputOf(document) });
        return { body: { executionArn: facts.executionArn } };
      },
    },
    found('GetFlowExecution', 'GET', one, executions, (execution) => {
      const body = { ...execution.facts, status: execution.status };
      if (execution.status === 'Running') execution.status = 'Succeeded';
      return body;
    }),
    found('StopFlowExecution', 'POST', `${one}/stop`, executions, (execution) => {
      execution.status = 'Aborted';
      return { executionArn: execution.facts['executionArn'], status: execution.status };
    }),
    found('GetExecutionFlowSnapshot', 'GET', `${one}/flowsnapshot`, executions, ({ facts }) => ({
      ...facts,
      executionRoleArn: `arn:aws:iam::${ACCOUNT}:role/flow`,
      definition: JSON.stringify({ nodes: [], connections: [] }),
    })),
    found('ListFlowExecutionEvents', 'GET', `${one}/events`, executions, ({ facts, document, output }) => ({
      flowExecutionEvents: [
        { flowInputEvent: event('FlowInputNode', facts, document) },
        { flowOutputEvent: event('FlowOutputNode', facts, output) },
      ],
    })),
    {
      name: 'ListFlowExecutions',
      method: 'GET',
      path: '/flows/{flowIdentifier}/executions',
      answer: () => ({
        body: {
          flowExecutionSummaries: [...executions.values()].map(({ facts, status }) => ({
            ...facts,
            status,
            createdAt: facts['startedAt'],
          })),
        },
      }),
    },
  ];
}

function found(
  name: string,
  method: Operation['method'],
  path: string,
  executions: ReadonlyMap<string, Execution>,
  read: (execution: Execution) => JsonObject,
): Operation {
  return {
    name,
    method,
    path,
    answer({ labels }: OperationRequest) {
      const id = (labels['executionIdentifier'] ?? '').replace(/^arn:.*\//, '');
      const execution = executions.get(id);
      if (execution) return { body: read(execution) };
      return errorResponse('ResourceNotFoundException', `The Bedrock simulator has no execution ${id}.`);
    },
  };
}

function factsOf({ flowIdentifier = '', flowAliasIdentifier = '' }: Readonly<Record<string, string>>, id: string) {
  const executionArn = `arn:aws:bedrock:us-east-1:${ACCOUNT}:flow/${flowIdentifier}/alias/${flowAliasIdentifier}/execution/${id}`;
  return { executionArn, flowIdentifier, flowAliasIdentifier, flowVersion: '1' };
}

function outputOf(document: string): string {
  const last = runFlow(document, false, { traced: false, text: undefined }).find(
    ({ type }) => type === 'flowOutputEvent',
  );
  return (last?.payload as { content: { document: string } } | undefined)?.content.document ?? '';
}

function event(nodeName: string, { startedAt }: JsonObject, document: string): JsonObject {
  return { nodeName, timestamp: startedAt, fields: [{ name: 'document', content: { document } }] };
}
