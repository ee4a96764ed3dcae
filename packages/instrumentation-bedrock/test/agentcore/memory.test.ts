/** AgentCore Memory: events, records, and the search in them. */

import {
  BatchCreateMemoryRecordsCommand,
  BatchDeleteMemoryRecordsCommand,
  BatchUpdateMemoryRecordsCommand,
  CreateEventCommand,
  DeleteEventCommand,
  GetMemoryRecordCommand,
  ListActorsCommand,
  ListEventsCommand,
  RetrieveMemoryRecordsCommand,
} from '@aws-sdk/client-bedrock-agentcore';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { type AgentCore, beforeEachAgentCoreTest } from '../support/agentcore.js';
import { json } from '../support/tracing.js';

const MEMORY = 'bee_memory-a1B2c3D4e5';
const AT = new Date('2026-02-03T04:05:06Z');
const SUMMARIES = [
  {
    memoryRecordId: 'mem-1',
    content: { text: 'Hive 7 swarms in May.' },
    memoryStrategyId: 'facts-1',
    namespaces: ['/bees'],
    createdAt: AT.getTime() / 1000,
    score: 0.9,
    metadata: { hive: { stringValue: '7' } },
  },
  { memoryRecordId: 'mem-2', content: { text: 'Hive 8 is calm.' }, memoryStrategyId: 'facts-1', namespaces: ['/bees'] },
];

describe('AgentCore Memory', () => {
  let core: AgentCore;
  beforeEachAgentCoreTest((parts) => {
    core = parts;
  });

  const last = (): ReadableSpan => core.tracing.spans().at(-1)!;
  const records = (): Record<string, unknown>[] => json(last(), 'gen_ai.memory.records') as Record<string, unknown>[];

  it('is searched by a search_memory span with the query, and documents that MLflow shows', async () => {
    core.answer({ body: { memoryRecordSummaries: SUMMARIES } });
    await core.client.send(
      new RetrieveMemoryRecordsCommand({
        memoryId: MEMORY,
        namespace: '/bees',
        searchCriteria: { searchQuery: 'When does hive 7 swarm?', topK: 3, memoryStrategyId: 'facts-1' },
      }),
    );
    expect(last().name).to.equal('search_memory');
    expect(last().attributes).to.include({
      'gen_ai.operation.name': 'search_memory',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.memory.store.id': MEMORY,
      'gen_ai.memory.query.text': 'When does hive 7 swarm?',
      'gen_ai.memory.record.count': 2,
      'gen_ai.retrieval.top_k': 3,
      'aws.bedrock.agentcore.memory.strategy_id': 'facts-1',
      'mlflow.spanType': 'RETRIEVER',
    });
    expect(json(last(), 'gen_ai.memory.records')).to.have.deep.nested.property('[0].content', 'Hive 7 swarms in May.');
    expect(records()[0]).to.deep.include({ id: 'mem-1', score: 0.9 });
    const [first, second] = json(last(), 'mlflow.spanOutputs') as Record<string, unknown>[];
    expect(first).to.deep.include({ page_content: 'Hive 7 swarms in May.', id: 'mem-1' });
    expect(first).to.have.nested.property('metadata.score', 0.9);
    expect(second).to.deep.include({ page_content: 'Hive 8 is calm.', id: 'mem-2' });
  });

  it('gets the turns of a session by create_memory spans, and lists them by search_memory', async () => {
    const payload = [
      { conversational: { content: { text: 'When do bees swarm?' }, role: 'USER' as const } },
      { conversational: { content: { text: 'In May.' }, role: 'ASSISTANT' as const } },
    ];
    const event = {
      memoryId: MEMORY,
      actorId: 'keeper-1',
      sessionId: 'S1',
      eventId: 'E1',
      eventTimestamp: AT.getTime() / 1000,
      payload,
    };
    core.answer({ body: { event } });
    await core.client.send(
      new CreateEventCommand({ memoryId: MEMORY, actorId: 'keeper-1', sessionId: 'S1', eventTimestamp: AT, payload }),
    );
    const turns = [
      { role: 'USER', content: 'When do bees swarm?' },
      { role: 'ASSISTANT', content: 'In May.' },
    ];
    expect(last().name).to.equal('create_memory');
    expect(last().attributes).to.include({
      'gen_ai.conversation.id': 'S1',
      'gen_ai.memory.record.id': 'E1',
      'gen_ai.memory.record.count': 1,
      'mlflow.spanType': 'MEMORY',
    });
    expect(last().attributes).to.not.have.any.keys('user.id', 'gen_ai.memory.query.text');
    expect(json(last(), 'gen_ai.memory.records')).to.have.deep.nested.property('[0].content', turns);

    core.answer({ body: { events: [event, { ...event, eventId: 'E2' }] } });
    await core.client.send(new ListEventsCommand({ memoryId: MEMORY, actorId: 'keeper-1', sessionId: 'S1' }));
    expect(last().name).to.equal('search_memory');
    expect(last().attributes).to.include({ 'gen_ai.memory.record.count': 2, 'mlflow.spanType': 'MEMORY' });
    expect(json(last(), 'gen_ai.memory.records')).to.have.nested.property('[1].id', 'E2');

    core.answer({ body: { eventId: 'E1' } });
    await core.client.send(
      new DeleteEventCommand({ memoryId: MEMORY, actorId: 'keeper-1', sessionId: 'S1', eventId: 'E1' }),
    );
    expect(last().attributes).to.include({
      'gen_ai.operation.name': 'delete_memory',
      'gen_ai.memory.record.id': 'E1',
      'gen_ai.memory.record.count': 1,
    });
  });

  it('creates, updates and deletes batches of records, and counts those that failed', async () => {
    const done = (id: string, status: string) => ({ memoryRecordId: id, status });
    core.answer({
      body: { successfulRecords: [done('mem-1', 'SUCCEEDED')], failedRecords: [done('mem-2', 'FAILED')] },
    });
    const record = { namespaces: ['/bees'], content: { text: 'Bees hum.' }, timestamp: AT };
    await core.client.send(
      new BatchCreateMemoryRecordsCommand({
        memoryId: MEMORY,
        records: [
          { ...record, requestIdentifier: 'r1' },
          { ...record, requestIdentifier: 'r2' },
        ],
      }),
    );
    expect(last().attributes).to.include({
      'gen_ai.operation.name': 'create_memory',
      'gen_ai.memory.record.count': 1,
      'aws.bedrock.agentcore.memory.failed_record.count': 1,
    });
    expect(last().attributes).to.not.have.any.keys('gen_ai.memory.record.id', 'error.type');
    expect(json(last(), 'gen_ai.memory.records')).to.have.nested.property('[1].content', 'Bees hum.');

    await core.client.send(
      new BatchUpdateMemoryRecordsCommand({ memoryId: MEMORY, records: [{ memoryRecordId: 'mem-1', timestamp: AT }] }),
    );
    expect(last().attributes).to.include({
      'gen_ai.operation.name': 'update_memory',
      'gen_ai.memory.record.id': 'mem-1',
    });
    await core.client.send(
      new BatchDeleteMemoryRecordsCommand({ memoryId: MEMORY, records: [{ memoryRecordId: 'mem-1' }] }),
    );
    expect(last().attributes).to.include({ 'gen_ai.operation.name': 'delete_memory' });
  });

  it('returns one record, and lists actors', async () => {
    core.answer({ body: { memoryRecord: SUMMARIES[0] } });
    await core.client.send(new GetMemoryRecordCommand({ memoryId: MEMORY, memoryRecordId: 'mem-1' }));
    expect(last().attributes).to.include({
      'gen_ai.operation.name': 'search_memory',
      'gen_ai.memory.record.id': 'mem-1',
      'gen_ai.memory.record.count': 1,
    });
    core.answer({ body: { actorSummaries: [{ actorId: 'keeper-1' }] } });
    await core.client.send(new ListActorsCommand({ memoryId: MEMORY }));
    expect(last().name).to.equal('list_actors');
    expect(last().attributes).to.include({ 'gen_ai.memory.store.id': MEMORY, 'mlflow.spanType': 'MEMORY' });
  });

  it('has no text if content is off', async () => {
    await core.trace({ config: { captureMessageContent: false } });
    const canaries = JSON.parse(JSON.stringify(SUMMARIES), (_key, value: unknown) =>
      typeof value === 'string' ? `a canary: ${value}` : value,
    );
    core.answer({ body: { memoryRecordSummaries: canaries } });
    await core.client.send(
      new RetrieveMemoryRecordsCommand({
        memoryId: 'a canary memory',
        namespace: '/canary',
        searchCriteria: { searchQuery: 'canary?', topK: 3, memoryStrategyId: 'a canary strategy' },
      }),
    );
    const payload = [{ conversational: { content: { text: 'canary' }, role: 'USER' as const } }];
    const event = {
      memoryId: MEMORY,
      actorId: 'canary',
      sessionId: 'a canary session',
      eventId: 'a canary id',
      payload,
    };
    core.answer({ body: { event: { ...event, metadata: { canary: { stringValue: 'canary' } } } } });
    await core.client.send(
      new CreateEventCommand({
        memoryId: MEMORY,
        actorId: 'canary',
        sessionId: 'a canary session',
        eventTimestamp: AT,
        payload,
        branch: { name: 'canary' },
        metadata: { canary: { stringValue: 'canary' } },
      }),
    );
    const seen = core.tracing.spans().map(({ attributes, events, name }) => ({ attributes, events, name }));
    expect(seen).to.have.lengthOf(2);
    expect(JSON.stringify(seen)).to.not.match(/canary/i);
    expect(seen[0]?.attributes).to.include({ 'gen_ai.memory.record.count': 2, 'gen_ai.retrieval.top_k': 3 });
  });
});
