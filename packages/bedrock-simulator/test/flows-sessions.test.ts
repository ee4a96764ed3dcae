import {
  type BedrockAgentRuntimeClient,
  CreateInvocationCommand,
  CreateSessionCommand,
  DeleteAgentMemoryCommand,
  DeleteSessionCommand,
  EndSessionCommand,
  type FlowResponseStream,
  GetAgentMemoryCommand,
  GetFlowExecutionCommand,
  GetInvocationStepCommand,
  GetSessionCommand,
  InvokeFlowCommand,
  type InvokeFlowCommandInput,
  ListFlowExecutionEventsCommand,
  ListFlowExecutionsCommand,
  ListInvocationStepsCommand,
  ListInvocationsCommand,
  ListSessionsCommand,
  ListTagsForResourceCommand,
  PutInvocationStepCommand,
  StartFlowExecutionCommand,
  StopFlowExecutionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSessionCommand,
} from '@aws-sdk/client-bedrock-agent-runtime';
import { expect } from 'chai';
import { agentClient, ask } from './agent-support.js';
import { closeAll, collect, failure, simulator } from './support.js';

const END = '(Scripted by the local Bedrock simulator; no model ran.)';
const FLOW = { flowIdentifier: 'SHOPFLOW01', flowAliasIdentifier: 'TSTALIASID' };

async function start(): Promise<BedrockAgentRuntimeClient> {
  return agentClient((await simulator()).url);
}

function inputs(document: string): InvokeFlowCommandInput['inputs'] {
  return [{ nodeName: 'FlowInputNode', nodeOutputName: 'document', content: { document } }];
}

async function invokeFlow(bedrock: BedrockAgentRuntimeClient, input: InvokeFlowCommandInput) {
  const { responseStream, executionId } = await bedrock.send(new InvokeFlowCommand(input));
  const events: FlowResponseStream[] = await collect(responseStream);
  return { events, executionId, document: events.find((event) => event.flowOutputEvent)?.flowOutputEvent?.content };
}

describe('a flow', () => {
  afterEach(closeAll);

  it('sends its output and its completion', async () => {
    const { events, document } = await invokeFlow(await start(), { ...FLOW, inputs: inputs('Where is parcel 1042?') });
    expect(events).to.have.length(2);
    expect(document?.document).to.match(/ I found this: parcelId 1042, .*no model ran\.\)$/);
    expect(events[1]?.flowCompletionEvent).to.deep.equal({ completionReason: 'SUCCESS' });
  });

  it('traces its nodes, the usage of its prompt and the steps of its agent', async () => {
    const input = { ...FLOW, inputs: inputs('Where is parcel 1042?'), enableTrace: true };
    const { events } = await invokeFlow(await start(), input);
    const traces = events.flatMap(({ flowTraceEvent }) => Object.entries(flowTraceEvent?.trace ?? {}));
    expect(traces.map(([kind, { nodeName }]) => `${kind} ${nodeName}`)).to.deep.equal([
      'nodeOutputTrace FlowInputNode',
      'nodeInputTrace FindDocuments',
      'nodeOutputTrace FindDocuments',
      'nodeInputTrace AskAssistant',
      'nodeDependencyTrace AskAssistant',
      'nodeOutputTrace AskAssistant',
      'nodeInputTrace WriteAnswer',
      'nodeActionTrace WriteAnswer',
      'nodeOutputTrace WriteAnswer',
      'conditionNodeResultTrace HasAnswer',
      'nodeInputTrace FlowOutputNode',
    ]);
    const find = (kind: string) => traces.find(([name]) => name === kind)?.[1] as Record<string, never> | undefined;
    expect(find('nodeActionTrace')?.['operationResponse']?.['usage']).to.have.all.keys('inputTokens', 'outputTokens');
    expect(find('nodeDependencyTrace')?.['traceElements']?.['agentTraces']).to.have.length(9);
  });

  it('asks for input and goes on with it', async () => {
    const bedrock = await start();
    const flow = { ...FLOW, flowIdentifier: 'SHOPASK001' };
    const asked = await invokeFlow(bedrock, { ...flow, inputs: inputs('How many days does delivery take?') });
    expect(asked.events[0]?.flowMultiTurnInputRequestEvent?.content).to.deep.equal({ document: 'For which city?' });
    expect(asked.events[1]?.flowCompletionEvent?.completionReason).to.equal('INPUT_REQUIRED');
    const next = { ...flow, inputs: inputs('In Oslo.'), executionId: asked.executionId };
    const answered = await invokeFlow(bedrock, next);
    expect(answered.document?.document).to.include('city Oslo, days 2');
    expect((await failure(invokeFlow(bedrock, next))).message).to.equal(
      `The execution ${asked.executionId} does not wait for input.`,
    );
  });

  it('runs as an execution, too', async () => {
    const bedrock = await start();
    const { executionArn } = await bedrock.send(
      new StartFlowExecutionCommand({ ...FLOW, flowExecutionName: 'night', inputs: inputs('Where is parcel 1042?') }),
    );
    expect(executionArn).to.match(/\/execution\/night$/);
    const one = { ...FLOW, executionIdentifier: 'night' };
    const states = [];
    for (let index = 0; index < 2; index++) states.push((await bedrock.send(new GetFlowExecutionCommand(one))).status);
    expect(states).to.deep.equal(['Running', 'Succeeded']);
    const { flowExecutionEvents } = await bedrock.send(
      new ListFlowExecutionEventsCommand({ ...one, eventType: 'Flow' }),
    );
    expect(flowExecutionEvents).to.have.length(2);
    expect((await bedrock.send(new StopFlowExecutionCommand(one))).status).to.equal('Aborted');
    const { flowExecutionSummaries } = await bedrock.send(new ListFlowExecutionsCommand(FLOW));
    expect(flowExecutionSummaries?.map(({ status }) => status)).to.deep.equal(['Aborted']);
  });
});

describe('the sessions API', () => {
  afterEach(closeAll);

  it('keeps sessions, invocations and steps in memory', async () => {
    const bedrock = await start();
    const { sessionId, sessionStatus } = await bedrock.send(new CreateSessionCommand({ sessionMetadata: { a: '1' } }));
    expect(sessionStatus).to.equal('ACTIVE');
    const session = { sessionIdentifier: sessionId };
    await bedrock.send(new UpdateSessionCommand({ ...session, sessionMetadata: { a: '2' } }));
    expect((await bedrock.send(new GetSessionCommand(session))).sessionMetadata).to.deep.equal({ a: '2' });

    const { invocationId } = await bedrock.send(new CreateInvocationCommand(session));
    const { invocationStepId } = await bedrock.send(
      new PutInvocationStepCommand({
        ...session,
        invocationIdentifier: invocationId,
        invocationStepTime: new Date(0),
        payload: { contentBlocks: [{ text: 'step one' }] },
      }),
    );
    const { invocationStep } = await bedrock.send(
      new GetInvocationStepCommand({ ...session, invocationIdentifier: invocationId, invocationStepId }),
    );
    expect(invocationStep?.payload).to.deep.equal({ contentBlocks: [{ text: 'step one' }] });
    expect(invocationStep?.invocationStepTime).to.deep.equal(new Date(0));
    expect((await bedrock.send(new ListInvocationsCommand(session))).invocationSummaries).to.have.length(1);
    expect((await bedrock.send(new ListInvocationStepsCommand(session))).invocationStepSummaries).to.have.length(1);

    expect((await bedrock.send(new EndSessionCommand(session))).sessionStatus).to.equal('ENDED');
    expect((await bedrock.send(new ListSessionsCommand({}))).sessionSummaries).to.have.length(1);
    await bedrock.send(new DeleteSessionCommand(session));
    const error = await failure(bedrock.send(new GetSessionCommand(session)));
    expect([error.name, error.message]).to.deep.equal([
      'ResourceNotFoundException',
      `The Bedrock simulator has no session ${sessionId}.`,
    ]);
  });

  it('keeps a summary of an ended session in the memory of its agent', async () => {
    const bedrock = await start();
    await ask(bedrock, 'Hello', { memoryId: 'user-1' });
    await ask(bedrock, 'Goodbye', { memoryId: 'user-1', endSession: true });
    const memory = { agentId: 'SHOPAGENT1', agentAliasId: 'SHOPALIAS1', memoryId: 'user-1' };
    const read = async () =>
      (await bedrock.send(new GetAgentMemoryCommand({ ...memory, memoryType: 'SESSION_SUMMARY' }))).memoryContents;
    expect((await read())?.[0]?.sessionSummary?.summaryText).to.equal('The user asked: Hello\nThe user asked: Goodbye');
    await bedrock.send(new DeleteAgentMemoryCommand(memory));
    expect(await read()).to.deep.equal([]);
  });

  it('keeps tags of resources', async () => {
    const bedrock = await start();
    const resourceArn = 'arn:aws:bedrock:us-east-1:123456789012:session/one';
    await bedrock.send(new TagResourceCommand({ resourceArn, tags: { team: 'shop', stage: 'test' } }));
    await bedrock.send(new UntagResourceCommand({ resourceArn, tagKeys: ['stage'] }));
    const { tags } = await bedrock.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).to.deep.equal({ team: 'shop' });
  });
});

describe('a scenario with pieces', () => {
  afterEach(closeAll);

  it('replaces the output of a flow', async () => {
    const endpoint = (await simulator()).endpoint({ scenario: 'stream', parameters: { chunks: 2 } });
    const { document } = await invokeFlow(agentClient(endpoint), { ...FLOW, inputs: inputs('Hello') });
    expect(document?.document).to.equal(
      'chunk 1 of 2 from the Bedrock simulator. chunk 2 of 2 from the Bedrock simulator.',
    );
    expect(document?.document).not.to.include(END);
  });
});
