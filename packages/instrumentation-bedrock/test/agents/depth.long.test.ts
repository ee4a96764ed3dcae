/** Agents: thousands of collaborators that call each other. */

import { InvokeAgentCommand } from '@aws-sdk/client-bedrock-agent-runtime';
import { expect } from 'chai';
import { AGENTS, alias, callCollaborator, turn } from '../support/agent-events.js';
import { INPUT, useAgents } from '../support/agent-run.js';
import { collect } from '../support/tracing.js';

describe('collaborators in thousands of levels', () => {
  const agents = useAgents();

  it('are spans beneath each other, up to the limit of steps', async () => {
    const completion = (async function* () {
      for (let depth = 1; depth < 3000; depth++) {
        const chain = Array<string>(depth).fill(AGENTS.hive);
        chain[depth - 1] = alias(`AGENT${depth}`, 'ALIAS00001');
        const called = alias(`AGENT${depth + 1}`, 'ALIAS00001');
        const { payload } = callCollaborator(`${turn(depth)}-0`, `level-${depth}`, called, 'Go on');
        yield { trace: { ...(payload as object), callerChain: chain.map((agentAliasArn) => ({ agentAliasArn })) } };
      }
      yield { chunk: { bytes: Buffer.from('Yes') } };
    })();
    const { client, tracing } = agents.runtime();
    // The SDK would parse these events for a minute.
    client.middlewareStack.add(() => async () => ({ output: { completion, $metadata: {} } as never, response: {} }), {
      step: 'initialize',
      priority: 'high',
    });
    await collect((await client.send(new InvokeAgentCommand(INPUT))).completion);
    const all = tracing.spans();
    // Each level is a call and a turn.
    expect(all.length).to.equal(2500 + 1);
    expect(new Set(all.map(({ parentSpanContext }) => parentSpanContext?.spanId)).size).to.equal(2501);
    expect(all.find(({ parentSpanContext }) => !parentSpanContext)?.attributes).to.include({
      'aws.bedrock.agent.omitted_step.count': 499,
    });
  }).timeout(60_000);
});
