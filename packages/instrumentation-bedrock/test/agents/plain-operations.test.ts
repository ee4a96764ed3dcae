/** Operations of the agent runtime beside agents, lookups and flows: plain spans with ids and content. */

import * as sdk from '@aws-sdk/client-bedrock-agent-runtime';
import { expect } from 'chai';
import { OPERATIONS } from '../../src/operations/index.js';
import { type AgentRuntime, beforeEachAgentRuntimeTest } from '../support/knowledge-base.js';
import { json } from '../support/tracing.js';

interface Row {
  /** Any command of the SDK. Its types have none in common. */
  readonly command: { readonly input: object };
  readonly answer?: object;
  readonly name: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const SESSION = 'session-1';
const STEP = { invocationIdentifier: 'invocation-1', sessionIdentifier: SESSION };
const STEP_IDS = {
  'gen_ai.conversation.id': SESSION,
  'aws.bedrock.session.invocation_id': 'invocation-1',
};
const SESSION_ANSWER = { sessionId: SESSION, sessionStatus: 'ACTIVE', createdAt: '2026-05-02T00:00:00Z' };
const EXECUTION = { flowIdentifier: 'FLOW1', flowAliasIdentifier: 'ALIAS1', executionIdentifier: 'execution-1' };
const EXECUTION_IDS = {
  'aws.bedrock.flow.id': 'FLOW1',
  'aws.bedrock.flow.alias_id': 'ALIAS1',
  'aws.bedrock.flow.execution_id': 'execution-1',
};
const EXECUTION_ARN = 'arn:aws:bedrock:us-east-1:111122223333:flow/FLOW1/alias/ALIAS1/execution/execution-1';
const DOCUMENT = { knowledgeBaseId: 'KBBEES0001', dataSourceId: 'DATA000001', documentId: 's3://hive/bees.pdf' };
const DOCUMENT_IDS = {
  'aws.bedrock.knowledge_base.id': 'KBBEES0001',
  'aws.bedrock.knowledge_base.data_source_id': 'DATA000001',
  'aws.bedrock.knowledge_base.document_id': 's3://hive/bees.pdf',
};
const RESOURCE = 'arn:aws:bedrock:us-east-1:111122223333:session/session-1';

const payload = { contentBlocks: [{ text: 'Hive 12 has swarmed.' }] };

const ROWS: readonly Row[] = [
  {
    command: new sdk.CreateSessionCommand({ sessionMetadata: { hive: '12' } }),
    answer: SESSION_ANSWER,
    name: 'create_session',
    type: 'MEMORY',
    attributes: { 'gen_ai.conversation.id': SESSION, 'aws.bedrock.session.status': 'ACTIVE' },
  },
  {
    command: new sdk.GetSessionCommand({ sessionIdentifier: SESSION }),
    answer: { ...SESSION_ANSWER, sessionStatus: 'EXPIRED' },
    name: 'get_session',
    type: 'MEMORY',
    attributes: { 'gen_ai.conversation.id': SESSION, 'aws.bedrock.session.status': 'EXPIRED' },
  },
  {
    command: new sdk.UpdateSessionCommand({ sessionIdentifier: SESSION, sessionMetadata: { hive: '13' } }),
    name: 'update_session',
    type: 'MEMORY',
    attributes: { 'gen_ai.conversation.id': SESSION },
  },
  {
    command: new sdk.EndSessionCommand({ sessionIdentifier: SESSION }),
    answer: { sessionId: SESSION, sessionStatus: 'ENDED' },
    name: 'end_session',
    type: 'MEMORY',
    attributes: { 'gen_ai.conversation.id': SESSION, 'aws.bedrock.session.status': 'ENDED' },
  },
  {
    command: new sdk.DeleteSessionCommand({ sessionIdentifier: SESSION }),
    name: 'delete_session',
    type: 'MEMORY',
    attributes: { 'gen_ai.conversation.id': SESSION },
  },
  { command: new sdk.ListSessionsCommand({}), name: 'list_sessions', type: 'MEMORY', attributes: {} },
  {
    command: new sdk.CreateInvocationCommand({ sessionIdentifier: SESSION, description: 'Swarms' }),
    answer: { sessionId: SESSION, invocationId: 'invocation-1', createdAt: '2026-05-02T00:00:00Z' },
    name: 'create_invocation',
    type: 'MEMORY',
    attributes: STEP_IDS,
  },
  {
    command: new sdk.ListInvocationsCommand({ sessionIdentifier: SESSION }),
    name: 'list_invocations',
    type: 'MEMORY',
    attributes: { 'gen_ai.conversation.id': SESSION },
  },
  {
    command: new sdk.PutInvocationStepCommand({ ...STEP, invocationStepTime: new Date(0), payload }),
    answer: { invocationStepId: 'step-1' },
    name: 'put_invocation_step',
    type: 'MEMORY',
    attributes: { ...STEP_IDS, 'aws.bedrock.session.invocation_step_id': 'step-1' },
  },
  {
    command: new sdk.GetInvocationStepCommand({ ...STEP, invocationStepId: 'step-1' }),
    answer: {
      invocationStep: { sessionId: SESSION, invocationId: 'invocation-1', invocationStepId: 'step-1', payload },
    },
    name: 'get_invocation_step',
    type: 'MEMORY',
    attributes: { ...STEP_IDS, 'aws.bedrock.session.invocation_step_id': 'step-1' },
  },
  {
    command: new sdk.ListInvocationStepsCommand(STEP),
    name: 'list_invocation_steps',
    type: 'MEMORY',
    attributes: STEP_IDS,
  },
  {
    command: new sdk.GetAgentMemoryCommand({
      agentId: 'AGENT1',
      agentAliasId: 'ALIAS1',
      memoryId: 'memory-1',
      memoryType: 'SESSION_SUMMARY',
    }),
    answer: { memoryContents: [{ sessionSummary: { summaryText: 'Bees.' } }] },
    name: 'get_agent_memory',
    type: 'MEMORY',
    attributes: {
      'gen_ai.agent.id': 'AGENT1',
      'aws.bedrock.agent.alias_id': 'ALIAS1',
      'aws.bedrock.agent.memory_id': 'memory-1',
    },
  },
  {
    command: new sdk.DeleteAgentMemoryCommand({ agentId: 'AGENT1', agentAliasId: 'ALIAS1', sessionId: SESSION }),
    name: 'delete_agent_memory',
    type: 'MEMORY',
    attributes: { 'gen_ai.agent.id': 'AGENT1', 'gen_ai.conversation.id': SESSION },
  },
  {
    command: new sdk.StartFlowExecutionCommand({
      flowIdentifier: 'FLOW1',
      flowAliasIdentifier: 'ALIAS1',
      inputs: [{ nodeName: 'Start', nodeOutputName: 'document', content: { document: 'hive 12' } }],
    }),
    answer: { executionArn: EXECUTION_ARN },
    name: 'start_flow_execution',
    type: 'TASK',
    attributes: EXECUTION_IDS,
  },
  {
    command: new sdk.StopFlowExecutionCommand(EXECUTION),
    answer: { executionArn: EXECUTION_ARN, status: 'Aborted' },
    name: 'stop_flow_execution',
    type: 'TASK',
    attributes: { ...EXECUTION_IDS, 'aws.bedrock.flow.execution_status': 'Aborted' },
  },
  {
    command: new sdk.GetFlowExecutionCommand(EXECUTION),
    answer: { executionArn: EXECUTION_ARN, status: 'TimedOut' },
    name: 'get_flow_execution',
    type: 'TASK',
    attributes: { ...EXECUTION_IDS, 'aws.bedrock.flow.execution_status': 'TimedOut' },
  },
  {
    command: new sdk.ListFlowExecutionsCommand({ flowIdentifier: 'FLOW1' }),
    name: 'list_flow_executions',
    type: 'TASK',
    attributes: { 'aws.bedrock.flow.id': 'FLOW1' },
  },
  {
    command: new sdk.ListFlowExecutionEventsCommand({ ...EXECUTION, eventType: 'Node' }),
    name: 'list_flow_execution_events',
    type: 'TASK',
    attributes: EXECUTION_IDS,
  },
  {
    command: new sdk.GetExecutionFlowSnapshotCommand(EXECUTION),
    answer: { flowVersion: '1', definition: '{}' },
    name: 'get_execution_flow_snapshot',
    type: 'TASK',
    attributes: EXECUTION_IDS,
  },
  {
    command: new sdk.GetDocumentContentCommand(DOCUMENT),
    answer: { mimeType: 'application/pdf', presignedUrl: 'https://hive.example/bees.pdf?X-Amz-Signature=swarm&x=?' },
    name: 'get_document_content',
    type: 'TASK',
    attributes: DOCUMENT_IDS,
  },
  {
    command: new sdk.CheckIngestedDocumentAclCommand({ ...DOCUMENT, userContext: { userId: 'user-1' } }),
    answer: { hasAccess: true },
    name: 'check_ingested_document_acl',
    type: 'TASK',
    attributes: DOCUMENT_IDS,
  },
  {
    command: new sdk.GetIngestedDocumentAclCommand(DOCUMENT),
    name: 'get_ingested_document_acl',
    type: 'TASK',
    attributes: DOCUMENT_IDS,
  },
  {
    command: new sdk.TagResourceCommand({ resourceArn: RESOURCE, tags: { team: 'bees' } }),
    name: 'tag_resource',
    type: 'TASK',
    attributes: { 'aws.bedrock.resource.arn': RESOURCE },
  },
  {
    command: new sdk.UntagResourceCommand({ resourceArn: RESOURCE, tagKeys: ['team'] }),
    name: 'untag_resource',
    type: 'TASK',
    attributes: { 'aws.bedrock.resource.arn': RESOURCE },
  },
  {
    command: new sdk.ListTagsForResourceCommand({ resourceArn: RESOURCE }),
    answer: { tags: { team: 'bees' } },
    name: 'list_tags_for_resource',
    type: 'TASK',
    attributes: { 'aws.bedrock.resource.arn': RESOURCE },
  },
];

describe('plain operations of the agent runtime', () => {
  let runtime: AgentRuntime;
  beforeEachAgentRuntimeTest((parts) => {
    runtime = parts;
  });
  const span = () => runtime.tracing.spans()[0]!;

  for (const { command, answer = {}, name, type, attributes } of ROWS) {
    it(`have a span ${name} with ids, input and output`, async () => {
      runtime.answer({ body: answer });
      const output: object = await runtime.client.send(command as never);
      expect(span().name).to.equal(name);
      expect(span().attributes).to.include({ ...attributes, 'gen_ai.operation.name': name, 'mlflow.spanType': type });
      expect(json(span(), 'mlflow.spanInputs')).to.deep.equal(JSON.parse(JSON.stringify(command.input)));
      expect(span().attributes).to.include.keys('mlflow.spanOutputs');
      runtime.tracing.instrumentation.disable();
      const untraced: object = await runtime.client.send(command as never);
      expect({ ...output, $metadata: undefined }).to.deep.equal({ ...untraced, $metadata: undefined });
    });
  }

  it('are all that the SDK has, with those that have dialects of their own', () => {
    const commands = Object.keys(sdk)
      .map((name) => /^([A-Z]\w+)Command$/.exec(name)?.[1])
      .filter((name) => name !== undefined && name !== '$');
    const rows = (OPERATIONS['Bedrock Agent Runtime'] ?? []).map(({ name }) => name);
    expect([...rows].sort()).to.deep.equal([...commands].sort());
  });

  it('never record the signature of a presigned URL', async () => {
    const presignedUrl = 'https://hive.example/bees.pdf?X-Amz-Signature=swarm&x=?';
    runtime.answer({ body: { mimeType: 'application/pdf', presignedUrl } });
    const output = await runtime.client.send(new sdk.GetDocumentContentCommand(DOCUMENT));
    expect(output.presignedUrl).to.equal(presignedUrl);
    expect(json(span(), 'mlflow.spanOutputs')).to.deep.include({
      presignedUrl: 'https://hive.example/bees.pdf?[signature not recorded]',
    });
    expect(JSON.stringify(span().attributes)).to.not.include('swarm');
  });

  it('leave out images beyond the limit for media', async () => {
    await runtime.trace({ config: { maxMediaBytes: 4 } });
    runtime.answer({ body: { invocationStepId: 'step-1' } });
    const image = { format: 'png' as const, source: { bytes: Buffer.from('swarming') } };
    await runtime.client.send(
      new sdk.PutInvocationStepCommand({
        ...STEP,
        invocationStepTime: new Date(0),
        payload: { contentBlocks: [{ image }] },
      }),
    );
    expect(json(span(), 'mlflow.spanInputs')).to.have.nested.property(
      'payload.contentBlocks[0].image.source.bytes',
      '[8 bytes not recorded]',
    );
  });

  it('have no content if content is off', async () => {
    await runtime.trace({ config: { captureMessageContent: false } });
    runtime.answer({ body: { invocationStep: { sessionId: SESSION, payload } } });
    await runtime.client.send(new sdk.GetInvocationStepCommand({ ...STEP, invocationStepId: 'step-1' }));
    expect(span().attributes).to.include(STEP_IDS);
    expect(JSON.stringify(span().attributes)).to.not.include('swarmed');
  });

  it('are failures if the service refuses them', async () => {
    runtime.answer({
      status: 404,
      headers: { 'x-amzn-errortype': 'ResourceNotFoundException' },
      body: { message: 'No such session.' },
    });
    const failed = await runtime.client
      .send(new sdk.GetSessionCommand({ sessionIdentifier: SESSION }))
      .catch((error: Error) => error.name);
    expect(failed).to.equal('ResourceNotFoundException');
    expect(span().attributes).to.include({
      'error.type': 'ResourceNotFoundException',
      'http.response.status_code': 404,
    });
  });
});
