/** Tools that AgentCore runs, and their sessions. */

import {
  InvokeAgentRuntimeCommandCommand,
  InvokeBrowserCommand,
  InvokeCodeInterpreterCommand,
  StartBrowserSessionCommand,
  StopRuntimeSessionCommand,
} from '@aws-sdk/client-bedrock-agentcore';
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { type AgentCore, beforeEachAgentCoreTest, errorOf } from '../support/agentcore.js';
import { collect, json } from '../support/tracing.js';

const RUNTIME = 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/bee_keeper-a1B2c3D4e5';

describe('tools of AgentCore', () => {
  let core: AgentCore;
  beforeEachAgentCoreTest((parts) => {
    core = parts;
  });

  const span = (): ReadableSpan => core.tracing.spans()[0]!;

  async function interpret(): Promise<void> {
    const { stream } = await core.client.send(
      new InvokeCodeInterpreterCommand({
        codeInterpreterIdentifier: 'aws.codeinterpreter.v1',
        sessionId: 'S1',
        name: 'executeCode',
        arguments: { language: 'python', code: 'print(6 * 7)' },
      }),
    );
    await collect(stream);
  }

  it('show code that was run, with its arguments and its result', async () => {
    core.answer({
      headers: { 'x-amzn-code-interpreter-session-id': 'S1' },
      events: [
        {
          type: 'result',
          payload: {
            content: [{ type: 'text', text: '42' }],
            structuredContent: { stdout: '4', stderr: '', taskStatus: 'working' },
          },
        },
        {
          type: 'result',
          payload: {
            content: [{ type: 'image', data: Buffer.from('bee').toString('base64'), mimeType: 'image/png' }],
            structuredContent: { stdout: '2\n', exitCode: 0, executionTime: 0.2, taskStatus: 'completed' },
            isError: false,
          },
        },
      ],
    });
    await interpret();
    expect(span().name).to.equal('execute_tool executeCode');
    expect(span().attributes).to.include({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'executeCode',
      'gen_ai.tool.type': 'extension',
      'aws.bedrock.agentcore.code_interpreter.id': 'aws.codeinterpreter.v1',
      'aws.bedrock.agentcore.session_id': 'S1',
      'aws.bedrock.agentcore.exit_code': 0,
      'aws.bedrock.agentcore.task.status': 'completed',
      'mlflow.spanType': 'TOOL',
    });
    expect(json(span(), 'gen_ai.tool.call.arguments')).to.deep.equal({ language: 'python', code: 'print(6 * 7)' });
    expect(json(span(), 'gen_ai.tool.call.result')).to.deep.equal({
      content: [
        { type: 'text', text: '42' },
        { type: 'image', data: 'YmVl', mimeType: 'image/png' },
      ],
      structuredContent: { stdout: '42\n', stderr: '', taskStatus: 'completed', exitCode: 0, executionTime: 0.2 },
      isError: false,
    });
    expect(span().status.code).to.equal(SpanStatusCode.UNSET);
    expect(core.simulator.requests.at(-1)?.headers).to.include.keys('traceparent');
    expect(core.simulator.requests.at(-1)?.headers).to.not.have.any.keys('tracestate', 'baggage');
  });

  it('fail if the code interpreter states an error, a stream has no result, or the stream throws', async () => {
    const result = { content: [{ type: 'text', text: 'NameError: bee' }], isError: true };
    core.answer({ events: [{ type: 'result', payload: result }] });
    await interpret();
    expect(span().attributes['error.type']).to.equal('tool_error');
    expect(span().status.message).to.equal('tool_error: NameError: bee');

    await core.trace({});
    core.answer({ events: [] });
    await interpret();
    expect(span().attributes['error.type']).to.equal('incomplete_stream');

    await core.trace({});
    const payload = { message: 'The session has ended.' };
    core.answer({ events: [{ type: 'conflictException', messageType: 'exception', payload }] });
    await errorOf(interpret);
    expect(span().attributes['error.type']).to.equal('ConflictException');
  });

  it('have no result if the service states none', async () => {
    core.answer({ events: [{ type: 'result', payload: { isFinal: true } }] });
    await interpret();
    expect(span().attributes).to.not.have.any.keys('gen_ai.tool.call.result', 'error.type');

    await core.trace({});
    core.answer({ events: [{ type: 'chunk', payload: { contentStart: {} } }] });
    const body = { command: 'ls' };
    const runtimeSessionId = 'session-of-the-bees-0000000000000001';
    const input = { agentRuntimeArn: RUNTIME, runtimeSessionId, body };
    await collect((await core.client.send(new InvokeAgentRuntimeCommandCommand(input))).stream);
    expect(span().attributes).to.not.have.property('gen_ai.tool.call.result');
    expect(span().attributes['error.type']).to.equal('incomplete_stream');
  });

  it('show a command in a runtime, with what it wrote and how it ended', async () => {
    core.answer({
      events: [
        { type: 'chunk', payload: { contentStart: {} } },
        { type: 'chunk', payload: { contentDelta: { stdout: 'bees' } } },
        { type: 'chunk', payload: { contentDelta: { stdout: '.txt\n', stderr: 'warning' } } },
        { type: 'chunk', payload: { contentStop: { exitCode: 2, status: 'COMPLETED' } } },
      ],
    });
    const { stream } = await core.client.send(
      new InvokeAgentRuntimeCommandCommand({
        agentRuntimeArn: RUNTIME,
        runtimeSessionId: 'session-of-the-bees-0000000000000001',
        body: { command: 'ls', timeout: 5 },
      }),
    );
    await collect(stream);
    expect(span().name).to.equal('execute_tool command');
    expect(span().attributes).to.include({
      'gen_ai.agent.name': 'bee_keeper',
      'gen_ai.conversation.id': 'session-of-the-bees-0000000000000001',
      'aws.bedrock.agentcore.exit_code': 2,
      'aws.bedrock.agentcore.task.status': 'COMPLETED',
    });
    expect(json(span(), 'gen_ai.tool.call.arguments')).to.deep.equal({ command: 'ls', timeout: 5 });
    expect(json(span(), 'gen_ai.tool.call.result')).to.deep.equal({
      stdout: 'bees.txt\n',
      stderr: 'warning',
      exitCode: 2,
      status: 'COMPLETED',
    });
    expect(span().status.code).to.equal(SpanStatusCode.UNSET);
  });

  it('show an action of the browser, and that it failed', async () => {
    const browse = async (result: unknown): Promise<void> => {
      await core.trace({});
      core.answer({ headers: { 'x-amzn-browser-session-id': 'B1' }, body: { result } });
      await core.client.send(
        new InvokeBrowserCommand({
          browserIdentifier: 'aws.browser.v1',
          sessionId: 'B1',
          action: { mouseClick: { x: 3, y: 4, button: 'LEFT' } },
        }),
      );
    };
    await browse({ mouseClick: { status: 'SUCCESS' } });
    expect(span().name).to.equal('execute_tool mouseClick');
    expect(span().attributes).to.include({
      'aws.bedrock.agentcore.browser.id': 'aws.browser.v1',
      'aws.bedrock.agentcore.session_id': 'B1',
      'mlflow.spanType': 'TOOL',
    });
    expect(json(span(), 'gen_ai.tool.call.arguments')).to.deep.equal({ x: 3, y: 4, button: 'LEFT' });
    expect(json(span(), 'gen_ai.tool.call.result')).to.deep.equal({ status: 'SUCCESS' });
    expect(span().status.code).to.equal(SpanStatusCode.UNSET);

    for (const result of [undefined, { gesture: 'unknown' }]) {
      await browse(result);
      expect(span().attributes).to.not.have.any.keys('gen_ai.tool.call.result', 'error.type');
    }

    await browse({ mouseClick: { status: 'FAILED', error: 'Nothing is there.' } });
    expect(span().attributes['error.type']).to.equal('tool_error');
    expect(span().status.message).to.equal('tool_error: Nothing is there.');
  });

  it('have sessions with ids, and pass on the trace context where the service accepts it', async () => {
    core.answer({ body: { browserIdentifier: 'aws.browser.v1', sessionId: 'B2', createdAt: '2026-01-01T00:00:00Z' } });
    await core.client.send(new StartBrowserSessionCommand({ browserIdentifier: 'aws.browser.v1', name: 'bees' }));
    expect(span().name).to.equal('start_browser_session');
    expect(span().attributes).to.include({
      'aws.bedrock.agentcore.browser.id': 'aws.browser.v1',
      'aws.bedrock.agentcore.session_id': 'B2',
      'mlflow.spanType': 'TASK',
    });
    expect(json(span(), 'mlflow.spanInputs')).to.deep.include({ name: 'bees' });
    expect(core.simulator.requests.at(-1)?.headers['traceparent']).to.include(span().spanContext().spanId);

    await core.trace({});
    await core.client.send(new StopRuntimeSessionCommand({ agentRuntimeArn: RUNTIME, runtimeSessionId: 'R1' }));
    expect(span().attributes).to.include({ 'gen_ai.agent.id': RUNTIME, 'gen_ai.conversation.id': 'R1' });
    expect(core.simulator.requests.at(-1)?.headers).to.not.include.keys('traceparent');
  });

  it('have notes in the place of arguments and result if nothing fits into the record', async () => {
    await core.trace({ config: { maxRecordLength: 0 } });
    core.answer({ events: [{ type: 'result', payload: { content: [{ type: 'text', text: '42' }] } }] });
    await interpret();
    for (const name of ['gen_ai.tool.call.arguments', 'gen_ai.tool.call.result']) {
      expect(json(span(), name), name).to.match(/^\[content of \d+ characters not recorded\]$/);
    }
  });

  it('have no text if content is off', async () => {
    await core.trace({ config: { captureMessageContent: false } });
    core.answer({
      events: [
        {
          type: 'result',
          payload: {
            content: [{ type: 'text', text: 'canary' }],
            structuredContent: { stdout: 'canary', stderr: 'canary', exitCode: 1 },
            isError: true,
          },
        },
      ],
    });
    const { stream } = await core.client.send(
      new InvokeCodeInterpreterCommand({
        codeInterpreterIdentifier: 'a canary interpreter',
        sessionId: 'a canary session',
        name: 'a canary' as 'executeCode',
        arguments: { code: 'canary', path: '/canary' },
      }),
    );
    await collect(stream);
    const { attributes, events, name, status } = span();
    expect(JSON.stringify({ attributes, events, name, status })).to.not.match(/canary/i);
    expect(attributes).to.include({ 'aws.bedrock.agentcore.exit_code': 1, 'error.type': 'tool_error' });
  });
});
