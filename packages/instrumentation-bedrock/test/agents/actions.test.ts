/** Agents: the spans of their actions, and of code that they run. */

import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import {
  action,
  actionResult,
  at,
  chunk,
  failure,
  invocation,
  metadata,
  modelInput,
  observation,
  turn,
} from '../support/agent-events.js';
import { only, times, useAgents } from '../support/agent-run.js';
import { json } from '../support/tracing.js';

const T = turn(1);

describe('an action of an agent', () => {
  const agents = useAgents();
  const { run } = agents;

  it('is a tool span with function, group, arguments and result', async () => {
    const all = await run([action(`${T}-0`), actionResult(`${T}-0`, '{"queen":true}', [500, 600]), chunk('Yes')]);
    const tool = only(all, 'execute_tool open_hive');
    expect(tool.kind).to.equal(SpanKind.INTERNAL);
    expect(times(tool)).to.deep.equal([at(500), at(600)]);
    expect(tool.attributes).to.include({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'open_hive',
      'gen_ai.tool.type': 'function',
      'gen_ai.tool.call.result': '{"queen":true}',
      'aws.bedrock.agent.action_group.name': 'hives',
      'aws.bedrock.agent.action_group.execution_type': 'LAMBDA',
      'mlflow.spanType': 'TOOL',
    });
    expect(json(tool, 'gen_ai.tool.call.arguments')).to.deep.equal({ hive: '12' });
    expect(json(tool, 'mlflow.spanInputs')).to.deep.equal({ hive: '12' });
    expect(json(tool, 'mlflow.spanOutputs')).to.equal('{"queen":true}');
  });

  it('that is an API has its path as name, its method, and its body among the arguments', async () => {
    const api = {
      function: undefined,
      apiPath: '/hives/{hive}',
      verb: 'post',
      requestBody: { content: { 'application/json': [{ name: 'note', type: 'string', value: 'calm' }] } },
    };
    const all = await run([action(`${T}-0`, api), actionResult(`${T}-0`, 'ok', [500, 600]), chunk('Yes')]);
    const tool = only(all, 'execute_tool /hives/{hive}');
    expect(tool.attributes['aws.bedrock.agent.action_group.verb']).to.equal('post');
    expect(json(tool, 'gen_ai.tool.call.arguments')).to.deep.equal({
      hive: '12',
      requestBody: { 'application/json': { note: 'calm' } },
    });
  });

  it('is one of several that one answer of the model has asked for, each with its own result', async () => {
    const all = await run([
      action(`${T}-0`, { function: 'weigh_hive' }),
      action(`${T}-0`, { function: 'open_hive' }),
      actionResult(`${T}-0`, '31 kg', [500, 600]),
      actionResult(`${T}-0`, 'open', [600, 700]),
      chunk('Yes'),
    ]);
    const result = (name: string) => only(all, `execute_tool ${name}`).attributes['gen_ai.tool.call.result'];
    expect([result('weigh_hive'), result('open_hive')]).to.deep.equal(['31 kg', 'open']);
  });

  it('that runs code is the tool code_interpreter', async () => {
    const id = `${T}-0`;
    const code = { code: 'print(6*7)', files: ['weights.csv'] };
    const output = { executionOutput: '42', files: ['chart.png'], metadata: metadata(500, 600) };
    const all = await run([
      invocation(id, { invocationType: 'ACTION_GROUP_CODE_INTERPRETER', codeInterpreterInvocationInput: code }),
      observation(id, { type: 'ACTION_GROUP_CODE_INTERPRETER', codeInterpreterInvocationOutput: output }),
      chunk('Yes'),
    ]);
    const tool = only(all, 'execute_tool code_interpreter');
    expect(tool.attributes['gen_ai.tool.type']).to.equal('extension');
    expect(json(tool, 'gen_ai.tool.call.arguments')).to.deep.equal(code);
    expect(json(tool, 'gen_ai.tool.call.result')).to.deep.equal({ executionOutput: '42', files: ['chart.png'] });
  });

  it('for which the agent returns control ends without a result, and the call is no failure', async () => {
    const returned = {
      invocationId: 'inv-7',
      invocationInputs: [
        {
          functionInvocationInput: {
            actionGroup: 'hives',
            function: 'open_hive',
            parameters: [{ name: 'hive', value: '12' }],
          },
        },
      ],
    };
    const all = await run([
      action(`${T}-0`, { executionType: 'RETURN_CONTROL', invocationId: 'inv-7' }, { time: 500 }),
      { type: 'returnControl', payload: returned },
    ]);
    const [root] = all;
    const tool = only(all, 'execute_tool open_hive');
    expect(tool.attributes['gen_ai.tool.call.id']).to.equal('inv-7');
    expect(times(tool)).to.deep.equal([at(500), at(500)]);
    expect([root?.status.code, tool.status.code]).to.deep.equal([SpanStatusCode.UNSET, SpanStatusCode.UNSET]);
    expect(root?.attributes['gen_ai.response.finish_reasons']).to.deep.equal(['tool_call']);
    expect(json(root as ReadableSpan, 'gen_ai.output.messages')).to.deep.equal([
      {
        role: 'assistant',
        parts: [
          { type: 'tool_call', id: 'inv-7', name: 'open_hive', arguments: { hive: '12' }, action_group: 'hives' },
        ],
        finish_reason: 'tool_call',
      },
    ]);
    expect(json(root as ReadableSpan, 'mlflow.spanOutputs')).to.deep.include({ returnControl: returned });
  });

  it('for which the agent returns control can lack its id, its name and its values', async () => {
    const invocationInputs = [
      { functionInvocationInput: { actionGroup: 'hives', parameters: [{ name: 'hive' }, { value: '12' }] } },
      { queryInvocationInput: { query: 'hives' } },
    ];
    const [root] = await run([{ type: 'returnControl', payload: { invocationInputs } }]);
    const [message] = json(root as ReadableSpan, 'gen_ai.output.messages') as [{ parts: unknown }];
    expect(message.parts).to.deep.equal([
      { type: 'tool_call', name: '', arguments: { hive: null }, action_group: 'hives' },
    ]);
    expect(json(root as ReadableSpan, 'mlflow.spanOutputs')).to.deep.nested.include({
      'output.message.content[0]': { toolUse: { toolUseId: '', name: '', input: { hive: null } } },
    });
  });

  it('that the application took has its result, and its name from the request', async () => {
    const responseBody = { TEXT: { body: 'open' } };
    const functionResult = { actionGroup: 'hives', function: 'open_hive', responseBody };
    const sessionState = { invocationId: 'inv-7', returnControlInvocationResults: [{ functionResult }] };
    const all = await run(
      [
        observation(`${T}-0`, { type: 'ACTION_GROUP', actionGroupInvocationOutput: { text: 'open' } }, { time: 9 }),
        chunk('Yes'),
      ],
      { sessionState },
    );
    const tool = only(all, 'execute_tool open_hive');
    expect(tool.attributes).to.include({ 'gen_ai.tool.call.result': 'open', 'gen_ai.tool.call.id': 'inv-7' });
    expect(times(tool)).to.deep.equal([at(9), at(9)]);
    expect(json(all[0] as ReadableSpan, 'gen_ai.input.messages')).to.deep.equal([
      {
        role: 'tool',
        parts: [
          { type: 'tool_call_response', id: 'inv-7', response: 'open', name: 'open_hive', action_group: 'hives' },
        ],
      },
    ]);
  });

  const returned = (action: object): object => ({ returnControlInvocationResults: [action], invocationId: 'inv-7' });
  for (const [what, action, part] of [
    [
      'failed',
      { functionResult: { actionGroup: 'hives', responseState: 'FAILURE', responseBody: { TEXT: { body: 'stuck' } } } },
      { response: 'stuck', action_group: 'hives', is_error: true },
    ],
    [
      'has several bodies',
      { apiResult: { apiPath: '/hives', responseBody: { 'text/plain': { body: 'a' }, 'text/csv': { body: 'b' } } } },
      { response: { 'text/plain': { body: 'a' }, 'text/csv': { body: 'b' } }, name: '/hives' },
    ],
    [
      'has pictures beside its text',
      { functionResult: { function: 'look', responseBody: { TEXT: { body: 'a', images: [{ format: 'png' }] } } } },
      { response: { TEXT: { body: 'a', images: [{ format: 'png' }] } }, name: 'look' },
    ],
    ['has an empty body', { functionResult: { function: 'look', responseBody: { TEXT: {} } } }, { name: 'look' }],
    ['has no body', { functionResult: { function: 'look' } }, { name: 'look' }],
    ['is of a kind that this package does not know', { $unknown: ['queryResult', {}] }, {}],
  ] as [string, object, object][]) {
    it(`that the application took is input if its result ${what}`, async () => {
      const [root] = await run([chunk('Yes')], { sessionState: returned(action) });
      expect(json(root as ReadableSpan, 'gen_ai.input.messages')).to.deep.equal([
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'inv-7', response: null, ...part }] },
      ]);
    });
  }

  it('ends with the text for which the agent asks the model again, like a lookup', async () => {
    const reprompt = (source: string, text: string) =>
      observation(`${T}-0`, { type: 'REPROMPT', repromptResponse: { source, text } }, { time: 700 });
    const all = await run([
      action(`${T}-0`, {}, { time: 500 }),
      reprompt('ACTION_GROUP', 'The hive has no number.'),
      invocation(
        `${T}-0`,
        { invocationType: 'KNOWLEDGE_BASE', knowledgeBaseLookupInput: { knowledgeBaseId: 'KB1', text: 'swarms' } },
        { time: 600 },
      ),
      reprompt('KNOWLEDGE_BASE', 'The query is too long.'),
      reprompt('PARSER', 'The answer has no tag.'),
      chunk('Yes'),
    ]);
    const tool = only(all, 'execute_tool open_hive');
    expect(tool.attributes['gen_ai.tool.call.result']).to.equal('The hive has no number.');
    expect(times(tool)).to.deep.equal([at(500), at(700)]);
    const lookup = only(all, 'retrieval KB1');
    expect(times(lookup)).to.deep.equal([at(600), at(700)]);
    expect(lookup.attributes['mlflow.spanOutputs']).to.include('The query is too long.');
  });

  it('after which the agent goes on has not failed, though its result is missing and the call fails later', async () => {
    const { all } = await agents.fail([
      action(`${T}-0`, {}, { time: 100 }),
      modelInput(`${T}-1`, { start: 300 }),
      { type: 'throttlingException', messageType: 'exception', payload: { message: 'Slow down.' } },
    ]);
    const tool = only(all, 'execute_tool open_hive');
    expect(tool.status.code).to.equal(SpanStatusCode.UNSET);
    expect(times(tool)).to.deep.equal([at(100), at(300)]);
    expect(only(all, 'chat amazon.nova-lite-v1:0').attributes['error.type']).to.equal('ThrottlingException');
  });

  it('that failed has the code and the reason, and the call fails with the error of the stream', async () => {
    const { error, all } = await agents.fail([
      action(`${T}-0`, {}, { time: 500 }),
      failure(`${T}-0`),
      { type: 'dependencyFailedException', messageType: 'exception', payload: { message: 'No hive.' } },
    ]);
    expect(error).to.have.property('name', 'DependencyFailedException');
    const tool = only(all, 'execute_tool open_hive');
    expect(tool.attributes).to.include({ 'error.type': '424', 'aws.bedrock.agent.failure.code': 424 });
    expect(tool.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: '424: The hive did not answer.' });
    expect(times(tool)).to.deep.equal([at(500), at(900)]);
    expect(all[0]?.attributes['error.type']).to.equal('DependencyFailedException');
  });
});
