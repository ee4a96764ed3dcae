import * as sdk from '@aws-sdk/client-bedrock-agent-runtime';
import { expect } from 'chai';
import { agentClient } from './agent-support.js';
import { closeAll, simulator } from './support.js';

/** A value for every label in the paths of the operations. */
const LABELS = Object.fromEntries(
  [
    'agentAliasId',
    'agentId',
    'dataSourceId',
    'documentId',
    'executionIdentifier',
    'flowAliasIdentifier',
    'flowIdentifier',
    'invocationStepId',
    'knowledgeBaseId',
    'resourceArn',
    'sessionId',
    'sessionIdentifier',
  ].map((name) => [name, 'x']),
);

const COMMANDS = Object.entries(sdk).filter(([name]) => /^[A-Z]\w+Command$/.test(name) && name !== 'Command');

describe('the routes of the agent runtime', () => {
  afterEach(closeAll);

  it(`lead to each of the SDK's ${COMMANDS.length} operations`, async () => {
    const running = await simulator();
    const client = agentClient(running.url);
    for (const [name, Command] of COMMANDS) {
      const AnyCommand = Command as new (input: object) => sdk.RetrieveCommand;
      await client.send(new AnyCommand({ ...LABELS, tagKeys: ['x'] })).catch(() => undefined);
      const request = running.requests.at(-1);
      expect([request?.service, request?.operation], name).to.deep.equal([
        'bedrock-agent-runtime',
        name.replace(/Command$/, ''),
      ]);
    }
  });
});
