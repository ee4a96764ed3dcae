import { expect } from 'chai';
import { type AgentAnswer, agentClient, ask, last, modelCalls, step } from './agent-support.js';
import { closeAll, failure, HTTP_VERSIONS, simulator } from './support.js';

const END = '(Scripted by the local Bedrock simulator; no model ran.)';
const ALL = 'Where is parcel 1042, how many days does delivery to Oslo take, and can I return unused boots?';

describe('an agent', () => {
  afterEach(closeAll);

  for (const version of HTTP_VERSIONS) {
    it(`looks up, acts and asks its collaborator, with traces of each step, over HTTP/${version}`, async () => {
      const answer = await ask(agentClient((await simulator()).url, version), ALL);
      expect(answer.text).to.equal(
        `Unused boots and clothes can be returned within 60 days. I found this: parcelId 1042, status on its way, carrier Nordic Post, arrives Thursday. I found this: city Oslo, days 2. ${END}`,
      );
      expect(answer.outline).to.deep.equal([
        'guardrailTrace guardrail-pre-0 NONE',
        ...step(0, 'KNOWLEDGE_BASE'),
        ...step(1, 'ACTION_GROUP'),
        ...step(2, 'AGENT_COLLABORATOR', [...step(0, 'ACTION_GROUP'), ...last(1)]),
        ...last(3),
        'guardrailTrace guardrail-post-0 NONE',
      ]);
      expect(answer.error).to.equal(undefined);
    });
  }

  it('has the usage and the times of each model call, one after the other', async () => {
    const before = Date.now();
    const answer = await ask(agentClient((await simulator()).url), ALL);
    const calls = modelCalls(answer);
    expect(calls.map(({ depth }) => depth)).to.deep.equal([1, 1, 1, 2, 2, 1]);
    for (const [index, call] of calls.entries()) {
      expect(call.inputTokens).to.be.greaterThan(20);
      expect(call.outputTokens).to.be.greaterThan(5);
      expect(call.start).to.be.at.least(calls[index - 1]?.end ?? before);
      expect(call.end).to.be.within(call.start + 15, Date.now());
    }
  });

  it('gives equal answers to equal requests', async () => {
    const answers = await Promise.all(
      [1, 2].map(async () => ask(agentClient((await simulator()).url), ALL).then(withoutTimes)),
    );
    expect(answers[0]).to.deep.equal(answers[1]);
  });

  it('takes the request id for the trace ids of the outermost agent and of no other', async () => {
    const { events, requestId } = await ask(agentClient((await simulator()).url), ALL);
    for (const { trace } of events) {
      if (!trace) continue;
      const outermost = trace.callerChain?.length === 1;
      expect(JSON.stringify(trace.trace).includes(`"traceId":"${requestId}-`)).to.equal(outermost);
    }
  });

  it('refers to the documents that it quotes', async () => {
    const { events, text } = await ask(agentClient((await simulator()).url), ALL);
    const [citation] = events.find(({ chunk }) => chunk)?.chunk?.attribution?.citations ?? [];
    const { span, text: quote } = citation?.generatedResponsePart?.textResponsePart ?? {};
    expect(text.slice(span?.start, (span?.end ?? 0) + 1)).to.equal(quote);
    expect(quote).to.equal('Unused boots and clothes can be returned within 60 days.');
    expect(citation?.retrievedReferences?.[0]).to.deep.include({
      location: { type: 'S3', s3Location: { uri: 's3://example-shop/returns.txt' } },
    });
  });

  it('sends only the answer without enableTrace', async () => {
    const { events, text } = await ask(agentClient((await simulator()).url), ALL, { enableTrace: false });
    expect(events).to.have.length(1);
    expect(text).to.match(/^Unused boots/);
  });

  it('asks the collaborator of its collaborator', async () => {
    const { outline, events } = await ask(
      agentClient((await simulator()).url),
      'What is the customs fee for a delivery to Oslo?',
    );
    expect(outline.filter((line) => line.includes('COLLABORATOR'))).to.have.length(4);
    const deepest = events.filter(({ trace }) => trace?.callerChain?.length === 3);
    expect(deepest).to.have.length(9);
    expect(new Set(deepest.map(({ trace }) => trace?.collaboratorName))).to.deep.equal(new Set(['DeliveryPlanner']));
  });

  it('calculates with the code interpreter and sends the file of a chart', async () => {
    const bedrock = agentClient((await simulator()).url);
    const sum = await ask(bedrock, 'What is 12 * 3 + 4?');
    expect(sum.text).to.equal(`The result is 40. ${END}`);
    expect(sum.outline).to.include('orchestrationTrace observation 0 ACTION_GROUP_CODE_INTERPRETER');
    const failed = await ask(bedrock, 'What is 1 / 0?');
    expect(JSON.stringify(failed.events)).to.include('"executionError":"ZeroDivisionError: division by zero"');
    const chart = await ask(bedrock, 'Draw a chart of 3 + 4.');
    const [file] = chart.events.flatMap(({ files }) => files?.files ?? []);
    expect([file?.name, file?.type]).to.deep.equal(['chart.png', 'image/png']);
  });

  it('blocks a request with the word forbidden before any model call', async () => {
    const answer = await ask(agentClient((await simulator()).url), 'Tell me a forbidden thing');
    expect(answer.outline).to.deep.equal(['guardrailTrace guardrail-pre-0 INTERVENED']);
    expect(answer.text).to.equal('Sorry, the model cannot answer this question.');
  });

  it('streams the final answer in chunks before the output of the model, if the request asks for it', async () => {
    const streamingConfigurations = { streamFinalResponse: true, applyGuardrailInterval: 10 };
    const answer = await ask(agentClient((await simulator()).url), 'Hello', { streamingConfigurations });
    expect(answer.text).to.equal(`Hello! How can I help you today? ${END}`);
    const kinds = answer.events.map(({ chunk }) => (chunk ? 'chunk' : 'trace')).join(' ');
    expect(kinds).to.match(/^trace trace trace( chunk)+( trace( chunk)+)+ trace trace trace$/);
    expect(answer.outline.at(-3)).to.equal('orchestrationTrace modelInvocationOutput 0');
  });

  it('remembers the session', async () => {
    const bedrock = agentClient((await simulator()).url);
    await ask(bedrock, 'What is the capital of France?');
    const answer = await ask(bedrock, 'What was my first question?');
    expect(answer.text).to.equal(`Your first question was: "What is the capital of France?" ${END}`);
    const other = await ask(bedrock, 'What was my first question?', { sessionId: 'other' });
    expect(other.text).to.equal(`This is your first question. ${END}`);
  });

  it('returns control to the application and goes on with its results', async () => {
    const bedrock = agentClient((await simulator()).url);
    const asked = await ask(bedrock, 'Change my address to Berlin, and what is 2 + 3?');
    const control = asked.events.at(-1)?.returnControl;
    expect(asked.text).to.equal('');
    expect(control?.invocationInputs).to.deep.equal([
      {
        functionInvocationInput: {
          actionGroup: 'customers',
          actionInvocationType: 'RESULT',
          agentId: 'SHOPAGENT1',
          function: 'changeAddress',
          parameters: [{ name: 'city', type: 'string', value: 'Berlin' }],
        },
      },
    ]);
    const functionResult = {
      actionGroup: 'customers',
      function: 'changeAddress',
      responseBody: { TEXT: { body: '{"changed":"yes"}' } },
    };
    const sessionState = {
      invocationId: control?.invocationId,
      returnControlInvocationResults: [{ functionResult }],
    };
    const answer = await ask(bedrock, '', { sessionState });
    expect(answer.text).to.equal(`I found this: changed yes. The result is 5. ${END}`);
    expect(answer.outline.slice(0, 2)).to.deep.equal([
      'orchestrationTrace observation 0 ACTION_GROUP',
      'orchestrationTrace modelInvocationInput 1 ORCHESTRATION',
    ]);
    const again = await failure(ask(bedrock, '', { sessionState }));
    expect([again.name, again.message]).to.deep.equal([
      'ValidationException',
      'No turn of this session waits for the results of an invocation.',
    ]);
  });

  it('fails with a failure trace and an exception if an action fails', async () => {
    const { error, outline, text } = await ask(agentClient((await simulator()).url), 'Where is parcel 9999?');
    expect(outline.slice(-2)).to.deep.equal(['orchestrationTrace invocationInput 0 ACTION_GROUP', 'failureTrace 0']);
    expect(text).to.equal('');
    expect([error?.name, error?.resourceName]).to.deep.equal(['DependencyFailedException', 'parcels']);
  });
});

describe('an agent with', () => {
  afterEach(closeAll);

  it('knowledge bases only looks up at once and has a model without a name', async () => {
    const answer = await ask(agentClient((await simulator()).url), 'How long is the warranty of tents?', {
      agentId: 'SHOPKBASE1',
    });
    expect(answer.outline).to.deep.equal([
      'orchestrationTrace invocationInput 0 KNOWLEDGE_BASE',
      'orchestrationTrace observation 0 KNOWLEDGE_BASE',
      'orchestrationTrace modelInvocationInput KB-null-0 KNOWLEDGE_BASE_RESPONSE_GENERATION',
      'orchestrationTrace modelInvocationOutput KB-null-0',
      'orchestrationTrace observation 1 FINISH',
    ]);
    expect(JSON.stringify(answer.events)).not.to.include('foundationModel');
    expect(answer.text).to.equal(`Tents and rucksacks have a warranty of 10 years. ${END}`);
  });

  it('pre- and post-processing has their model calls, and another text than its final response', async () => {
    const answer = await ask(agentClient((await simulator()).url), 'Hello', { agentId: 'SHOPCHECK1' });
    expect(answer.outline.filter((line) => line.includes('Processing'))).to.deep.equal([
      'preProcessingTrace modelInvocationInput pre-0',
      'preProcessingTrace modelInvocationOutput pre-0',
      'postProcessingTrace modelInvocationInput post-0 POST_PROCESSING',
      'postProcessingTrace modelInvocationOutput post-0',
    ]);
    expect(answer.text).to.match(/^Thank you for your question\. Hello!/);
  });

  it('routing gives a request to the one collaborator that it is for', async () => {
    const bedrock = agentClient((await simulator()).url);
    const routed = await ask(bedrock, 'How many days does delivery to Rome take?', { agentId: 'SHOPROUTE1' });
    expect(routed.outline).to.deep.equal([
      'routingClassifierTrace modelInvocationInput routing-0 ROUTING_CLASSIFIER',
      'routingClassifierTrace modelInvocationOutput routing-0',
      'routingClassifierTrace invocationInput routing-0 AGENT_COLLABORATOR',
      ...[...step(0, 'ACTION_GROUP'), ...last(1)].map((line) => `  ${line}`),
      'routingClassifierTrace observation routing-0 AGENT_COLLABORATOR',
      'routingClassifierTrace observation routing-0 FINISH',
    ]);
    const own = await ask(bedrock, 'Where is parcel 1042?', { agentId: 'SHOPROUTE1' });
    expect(own.outline.slice(2)).to.deep.equal([...step(0, 'ACTION_GROUP'), ...last(1)]);
  });
});

describe('the scenarios', () => {
  afterEach(closeAll);

  it('fail, cut and lengthen the answers of agents, too', async () => {
    const running = await simulator();
    const at = (scenario: string, parameters: Record<string, string | number> = {}) =>
      ask(agentClient(running.endpoint({ scenario, parameters })), ALL);
    expect((await failure(at('throttling'))).name).to.equal('ThrottlingException');
    const conflict = await failure(at('error', { type: 'ConflictException' }));
    expect([conflict.name, conflict.$metadata?.httpStatusCode]).to.deep.equal(['ConflictException', 409]);
    const broken = await at('mid-stream-error', { after: 4 });
    expect([broken.events.length, broken.error?.name]).to.deep.equal([4, 'DependencyFailedException']);
    const cut = await at('truncated', { after: 5 });
    expect([cut.events.length, cut.error]).to.deep.equal([5, undefined]);
    const long = await at('stream', { chunks: 12 });
    expect(long.events.filter(({ chunk }) => chunk)).to.have.length(12);
  });
});

function withoutTimes({ events }: AgentAnswer): string {
  return JSON.stringify(events, (name, value: unknown) => (/time$/i.test(name) ? undefined : value));
}
