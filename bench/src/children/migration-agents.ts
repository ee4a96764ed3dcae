/** Calls an agent and a knowledge base with both instrumentations, and writes the spans of both. */

import { startSimulator } from 'bedrock-simulator';
import { finish } from '../child.js';
import { loadPeer } from '../install.js';
import { INSTRUMENTATIONS } from '../variants.js';
import { plainSpan, recordSpans } from './migration-spans.js';

const { memory, provider } = recordSpans();
const { packageName, className } = INSTRUMENTATIONS['this project'];
const { BedrockAgentInstrumentation } = loadPeer('@arizeai/openinference-instrumentation-bedrock-agent-runtime');
const instrumentations = [new (loadPeer(packageName)[className])(), new BedrockAgentInstrumentation()];
for (const instrumentation of instrumentations) instrumentation.setTracerProvider(provider);
const sdk = loadPeer('@aws-sdk/client-bedrock-agent-runtime');

const simulator = await startSimulator();
const client = new sdk.BedrockAgentRuntimeClient({
  region: 'us-east-1',
  endpoint: simulator.endpoint({ scenario: 'chat' }),
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
});
const { completion } = await client.send(
  new sdk.InvokeAgentCommand({
    agentId: 'HIVE000001',
    agentAliasId: 'HIVEALIAS1',
    sessionId: 'session-1',
    inputText: 'Is it time to swarm?',
    enableTrace: true,
  }),
);
for await (const _event of completion);
const knowledgeBaseId = 'KBBEES0001';
const text = 'When do bees swarm?';
await client.send(new sdk.RetrieveCommand({ knowledgeBaseId, retrievalQuery: { text } }));
await client.send(
  new sdk.RetrieveAndGenerateCommand({
    input: { text },
    retrieveAndGenerateConfiguration: {
      type: 'KNOWLEDGE_BASE',
      knowledgeBaseConfiguration: { knowledgeBaseId, modelArn: 'amazon.nova-lite-v1:0' },
    },
  }),
);
// An instrumentation may end its span a little after the call.
await new Promise(setImmediate);
finish(memory.getFinishedSpans().map(plainSpan));
