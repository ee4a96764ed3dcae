/** Agents: the spans of collaborators, and of what they do. */

import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import {
  AGENTS,
  alias,
  at,
  callCollaborator,
  chunk,
  collaboratorResult,
  finish,
  invocation,
  metadata,
  modelInput,
  modelOutput,
  observation,
  trace,
  turn,
} from '../support/agent-events.js';
import { named, only, pathOf, times, useAgents } from '../support/agent-run.js';
import { json } from '../support/tracing.js';

const T = turn(1);

describe('a collaborator of an agent', () => {
  const agents = useAgents();
  const { run } = agents;

  const beneath = [AGENTS.hive, AGENTS.weather];
  const deepest = [AGENTS.hive, AGENTS.weather, AGENTS.maps];
  const first = { chain: beneath, collaboratorName: 'weather', sessionId: 's-2' };

  it('is an agent span with its own steps, at every level', async () => {
    const [W, M] = [turn(2), turn(3)];
    const all = await run([
      callCollaborator(`${T}-0`, 'weather', AGENTS.weather, 'Rain?', { time: 100 }),
      modelInput(`${W}-0`, { start: 150 }, first),
      modelOutput(`${W}-0`, { start: 150, end: 200 }, first),
      callCollaborator(`${W}-0`, 'maps', AGENTS.maps, 'Where?', { ...first, time: 210 }),
      // The name in the event is that of the first collaborator.
      modelInput(`${M}-0`, { start: 250 }, { ...first, chain: deepest }),
      modelOutput(`${M}-0`, { start: 250, end: 300 }, { ...first, chain: deepest }),
      finish(`${M}-0`, 'Here.', [240, 310], { ...first, chain: deepest }),
      collaboratorResult(
        `${W}-0`,
        { name: 'maps', called: AGENTS.maps, text: 'Here.', turnId: M, times: [210, 320] },
        first,
      ),
      finish(`${W}-0`, 'No rain.', [140, 330], first),
      collaboratorResult(`${T}-0`, {
        name: 'weather',
        called: AGENTS.weather,
        text: 'No rain.',
        turnId: W,
        times: [100, 340],
      }),
      chunk('Yes'),
    ]);
    const weather = only(all, 'invoke_agent weather');
    const maps = only(all, 'invoke_agent maps');
    expect(pathOf(weather, all)).to.equal('/invoke_agent');
    expect(pathOf(maps, all)).to.equal('/invoke_agent/invoke_agent weather');
    expect(named(all, 'chat amazon.nova-lite-v1:0').map((chat) => pathOf(chat, all))).to.deep.equal([
      '/invoke_agent/invoke_agent weather',
      '/invoke_agent/invoke_agent weather/invoke_agent maps',
    ]);
    expect([times(weather), times(maps)]).to.deep.equal([
      [at(100), at(340)],
      [at(210), at(320)],
    ]);
    expect(maps.attributes).to.include({
      'gen_ai.agent.name': 'maps',
      'gen_ai.agent.id': 'MAPS000001',
      'gen_ai.agent.version': '7',
      'aws.bedrock.agent.alias_id': 'MAPSALIAS1',
      'aws.bedrock.agent.session_id': 's-2',
      'mlflow.spanType': 'AGENT',
    });
    // MLflow would make a list of sessions.
    expect(all.filter(({ attributes }) => 'gen_ai.conversation.id' in attributes)).to.have.lengthOf(1);
    expect(json(weather, 'gen_ai.input.messages')).to.deep.equal([
      { role: 'user', parts: [{ type: 'text', content: 'Rain?' }] },
    ]);
    expect(json(weather, 'gen_ai.output.messages')).to.deep.equal([
      { role: 'assistant', parts: [{ type: 'text', content: 'No rain.' }], finish_reason: 'stop' },
    ]);
  });

  it('that is called twice at once has the steps of each call, whatever their order', async () => {
    const [A, B] = [turn(2), turn(3)];
    const call = (text: string, time: number) => callCollaborator(`${T}-0`, 'weather', AGENTS.weather, text, { time });
    const end = (text: string, turnId: string, times: [number, number]) =>
      collaboratorResult(`${T}-0`, { name: 'weather', called: AGENTS.weather, text, turnId, times });
    const all = await run([
      call('In Oslo?', 100),
      call('In Bergen?', 105),
      // The second call is the first to have a step and to end.
      modelInput(`${B}-0`, { start: 150, others: { foundationModel: 'amazon.nova-pro-v1:0' } }, first),
      modelInput(`${A}-0`, { start: 160 }, first),
      modelOutput(`${A}-0`, { start: 160, end: 200 }, first),
      modelOutput(`${B}-0`, { start: 150, end: 210 }, first),
      end('Rain in Bergen.', B, [105, 220]),
      end('Sun in Oslo.', A, [100, 230]),
      chunk('Yes'),
    ]);
    const calls = named(all, 'invoke_agent weather');
    const view = calls.map((call) => ({
      input: json(call, 'gen_ai.input.messages'),
      output: json(call, 'gen_ai.output.messages'),
      models: all
        .filter((span) => span.parentSpanContext?.spanId === call.spanContext().spanId)
        .map(({ name }) => name),
    }));
    expect(JSON.stringify(view[0])).to.include('In Oslo?').and.include('Sun in Oslo.').and.include('nova-lite');
    expect(JSON.stringify(view[1])).to.include('In Bergen?').and.include('Rain in Bergen.').and.include('nova-pro');
  });

  it('that two agents call at once has the steps of each, though no result arrives', async () => {
    const other = alias('SECOND0001', 'SECONDAL01');
    const model = (turnId: string, caller: string, foundationModel: string, start: number) =>
      modelInput(`${turnId}-0`, { start, others: { foundationModel } }, { chain: [AGENTS.hive, caller, AGENTS.maps] });
    const { all } = await agents.fail([
      callCollaborator(`${T}-0`, 'weather', AGENTS.weather, 'Rain?', { time: 100 }),
      callCollaborator(`${T}-0`, 'other', other, 'Snow?', { time: 101 }),
      callCollaborator(`${turn(2)}-0`, 'maps', AGENTS.maps, 'Oslo', { ...first, time: 110 }),
      callCollaborator(`${turn(3)}-0`, 'maps', AGENTS.maps, 'Bergen', { chain: [AGENTS.hive, other], time: 111 }),
      // The call that came second has the first step.
      model(turn(5), other, 'amazon.nova-pro-v1:0', 120),
      model(turn(4), AGENTS.weather, 'amazon.nova-lite-v1:0', 121),
    ]);
    const path = (name: string) => pathOf(only(all, name), all);
    expect(path('chat amazon.nova-pro-v1:0')).to.equal('/invoke_agent/invoke_agent other/invoke_agent maps');
    expect(path('chat amazon.nova-lite-v1:0')).to.equal('/invoke_agent/invoke_agent weather/invoke_agent maps');
  });

  it('whose result does not arrive has the steps that have arrived', async () => {
    const { all } = await agents.fail([
      callCollaborator(`${T}-0`, 'weather', AGENTS.weather, 'Rain?', { time: 100 }),
      modelInput(`${turn(2)}-0`, { start: 150 }, first),
      modelOutput(`${turn(2)}-0`, { start: 150, end: 200 }, first),
      modelInput(`${turn(2)}-1`, { start: 250 }, first),
      { type: 'throttlingException', messageType: 'exception', payload: { message: 'Slow down.' } },
    ]);
    const weather = only(all, 'invoke_agent weather');
    const [done, open] = named(all, 'chat amazon.nova-lite-v1:0');
    expect(pathOf(open as ReadableSpan, all)).to.equal('/invoke_agent/invoke_agent weather');
    expect(times(weather)).to.deep.equal([at(100), at(250)]);
    const description = 'The call failed before the service had reported the end of this step.';
    for (const span of [weather, open]) {
      expect(span?.attributes['error.type']).to.equal('ThrottlingException');
      expect(span?.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: description });
    }
    expect(done?.status.code).to.equal(SpanStatusCode.UNSET);
  });

  it('that states its failure has failed with it, if its supervisor states no result', async () => {
    const stated = { failureCode: 429, failureReason: 'Too many questions.', metadata: metadata(150, 260) };
    const { all } = await agents.fail([
      callCollaborator(`${T}-0`, 'weather', AGENTS.weather, 'Rain?', { time: 100 }),
      trace({ traceId: `${turn(2)}-0`, ...stated }, { ...first, kind: 'failureTrace', time: 260 }),
      { type: 'throttlingException', messageType: 'exception', payload: { message: 'Slow down.' } },
    ]);
    const weather = only(all, 'invoke_agent weather');
    expect(times(weather)).to.deep.equal([at(100), at(260)]);
    expect(weather.attributes).to.include({ 'error.type': '429', 'aws.bedrock.agent.failure.code': 429 });
    expect(weather.status.message).to.equal('429: Too many questions.');
  });

  it('that returns control has the action as its answer, without a text', async () => {
    const invocationInputs = [{ functionInvocationInput: { actionGroup: 'sky', function: 'look' } }];
    const result = {
      agentCollaboratorName: 'weather',
      agentCollaboratorAliasArn: AGENTS.weather,
      output: { type: 'RETURN_CONTROL', returnControlPayload: { invocationId: 'inv-1', invocationInputs } },
      metadata: metadata(100, 340),
    };
    const all = await run([
      callCollaborator(`${T}-0`, 'weather', AGENTS.weather, 'Rain?', { time: 100 }),
      observation(`${T}-0`, { type: 'AGENT_COLLABORATOR', agentCollaboratorInvocationOutput: result }, { time: 340 }),
      chunk('Yes'),
    ]);
    expect(json(only(all, 'invoke_agent weather'), 'gen_ai.output.messages')).to.deep.equal([
      {
        role: 'assistant',
        parts: [{ type: 'tool_call', id: 'inv-1', name: 'look', arguments: {}, action_group: 'sky' }],
        finish_reason: 'tool_call',
      },
    ]);
  });

  it('that an inline request describes has its steps, though it has no alias', async () => {
    const inline = alias('INLINE_AGENT', 'TSTALIASID');
    const second = { chain: [inline, inline], sessionId: 's-2' };
    const call = { agentCollaboratorName: 'weather', input: { type: 'TEXT', text: 'Rain?' } };
    const all = await run([
      invocation(`${T}-0`, { agentCollaboratorInvocationInput: call }, { chain: [inline], time: 100 }),
      modelInput(`${turn(2)}-0`, { start: 150 }, second),
      modelOutput(`${turn(2)}-0`, { start: 150, end: 200 }, second),
      chunk('Yes'),
    ]);
    expect(pathOf(only(all, 'chat amazon.nova-lite-v1:0'), all)).to.equal('/invoke_agent/invoke_agent weather');
    expect(all).to.have.lengthOf(3);
  });

  it('that goes on after returned control has a span, though an earlier request called it', async () => {
    const all = await run([
      observation(
        `${turn(2)}-0`,
        { type: 'ACTION_GROUP', actionGroupInvocationOutput: { text: 'open' } },
        { ...first, time: 50 },
      ),
      modelInput(`${turn(2)}-1`, { start: 100 }, first),
      modelOutput(`${turn(2)}-1`, { start: 100, end: 200 }, first),
      finish(`${turn(2)}-1`, 'Dry.', [50, 210], first),
      chunk('Yes'),
    ]);
    const weather = only(all, 'invoke_agent weather');
    expect(pathOf(only(all, 'chat amazon.nova-lite-v1:0'), all)).to.equal('/invoke_agent/invoke_agent weather');
    expect(times(weather)).to.deep.equal([at(50), at(210)]);
    expect(json(weather, 'gen_ai.output.messages')).to.have.nested.property('[0].parts[0].content', 'Dry.');
  });
});
