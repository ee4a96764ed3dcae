import { InvokeInlineAgentCommand, type InvokeInlineAgentCommandInput } from '@aws-sdk/client-bedrock-agent-runtime';
import { expect } from 'chai';
import { type AgentAnswer, agentClient, last, readAgent, step } from './agent-support.js';
import { closeAll, simulator } from './support.js';

const END = '(Scripted by the local Bedrock simulator; no model ran.)';

describe('an inline agent', () => {
  afterEach(closeAll);
  const WEATHER = {
    actionGroupName: 'weather',
    actionGroupExecutor: { customControl: 'RETURN_CONTROL' as const },
    functionSchema: { functions: [{ name: 'getForecast', parameters: { city: { type: 'string' as const } } }] },
  };
  const INPUT: InvokeInlineAgentCommandInput = {
    sessionId: 'inline',
    foundationModel: 'amazon.nova-lite-v1:0',
    instruction: 'You help with the weather of the mountains.',
    inputText: 'What is the forecast for Oslo?',
    enableTrace: true,
  };

  async function invoke(input: Partial<InvokeInlineAgentCommandInput>): Promise<Omit<AgentAnswer, 'requestId'>> {
    const bedrock = agentClient((await simulator()).url);
    const { completion } = await bedrock.send(new InvokeInlineAgentCommand({ ...INPUT, ...input }));
    return readAgent(completion);
  }

  it('has the model, functions and collaborators of the request, and no agent id', async () => {
    const answer = await invoke({
      actionGroups: [
        { ...WEATHER, actionGroupExecutor: { lambda: 'arn:aws:lambda:us-east-1:123456789012:function:f' } },
      ],
    });
    expect(answer.outline).to.deep.equal([...step(0, 'ACTION_GROUP'), ...last(1)]);
    expect(answer.text).to.equal(`I found this: city Oslo, result scripted result of getForecast. ${END}`);
    const [first] = answer.events;
    expect(first?.trace).to.not.have.any.keys('agentId', 'agentAliasId', 'agentVersion');
    expect(JSON.stringify(first)).to.include('"foundationModel":"amazon.nova-lite-v1:0"');
    expect(JSON.stringify(first)).to.include('You help with the weather of the mountains.');
  });

  it('returns control for its own functions, not for those of a collaborator', async () => {
    const collaborator = { ...INPUT, agentName: 'Meteorologist', actionGroups: [WEATHER] };
    const own = await invoke({ actionGroups: [WEATHER] });
    expect(own.events.at(-1)?.returnControl?.invocationInputs?.[0]?.functionInvocationInput?.function).to.equal(
      'getForecast',
    );
    const below = await invoke({
      agentCollaboration: 'SUPERVISOR',
      collaborators: [collaborator],
      collaboratorConfigurations: [
        { collaboratorName: 'Meteorologist', collaboratorInstruction: 'Ask it about the weather.' },
      ],
    });
    expect(below.outline).to.deep.equal([
      ...step(0, 'AGENT_COLLABORATOR', [...step(0, 'ACTION_GROUP'), ...last(1)]),
      ...last(1),
    ]);
  });

  it('reads the operations of an API schema', async () => {
    const operation = { operationId: 'readForecast', parameters: [{ name: 'city', schema: { type: 'string' } }] };
    const payload = JSON.stringify({ openapi: '3.0.0', paths: { '/forecast/{city}': { get: operation } } });
    const answer = await invoke({ actionGroups: [{ ...WEATHER, functionSchema: undefined, apiSchema: { payload } }] });
    const [invocation] = answer.events.at(-1)?.returnControl?.invocationInputs ?? [];
    expect(invocation?.apiInvocationInput).to.deep.include({
      apiPath: '/forecast/{city}',
      httpMethod: 'GET',
      parameters: [{ name: 'city', type: 'string', value: 'Oslo' }],
    });
  });

  it('has processing, routing, code and a guardrail if the request says so', async () => {
    const checked = await invoke({
      inputText: 'What is 2 * 3?',
      actionGroups: [{ actionGroupName: 'code', parentActionGroupSignature: 'AMAZON.CodeInterpreter' }],
      guardrailConfiguration: { guardrailIdentifier: 'guard', guardrailVersion: '1' },
      promptOverrideConfiguration: {
        promptConfigurations: [{ promptType: 'PRE_PROCESSING', promptState: 'ENABLED' }],
      },
    });
    expect(checked.outline).to.deep.equal([
      'guardrailTrace guardrail-pre-0 NONE',
      'preProcessingTrace modelInvocationInput pre-0',
      'preProcessingTrace modelInvocationOutput pre-0',
      ...step(0, 'ACTION_GROUP_CODE_INTERPRETER'),
      ...last(1),
      'guardrailTrace guardrail-post-0 NONE',
    ]);
  });
});
