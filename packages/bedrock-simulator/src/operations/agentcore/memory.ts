import { uuidOf } from '../../digest.js';
import { errorResponse } from '../../errors.js';
import { arrayOf, type JsonObject, numberOf, objectOf, stringOf } from '../../json.js';
import type { SimulatedResponse } from '../../types.js';
import { rank } from '../agent-runtime/knowledge/search.js';
import type { Operation, OperationRequest } from '../operation.js';

/** One memory. The service extracts records from events; here applications write records themselves. */
interface Memory {
  readonly events: Map<string, JsonObject>;
  readonly records: Map<string, JsonObject>;
}

/** Memories by their ids, made at their first use. */
export function memoryOperations(): Operation[] {
  const memories = new Map<string, Memory>();
  const withMemory =
    (answer: (memory: Memory, request: OperationRequest) => SimulatedResponse) =>
    (request: OperationRequest): SimulatedResponse => {
      const id = request.labels['memoryId'] ?? '';
      const memory = memories.get(id) ?? { events: new Map(), records: new Map() };
      memories.set(id, memory);
      return answer(memory, request);
    };
  return [...eventRoutes(), ...recordRoutes()].map(({ answer, ...route }) => ({
    ...route,
    answer: withMemory(answer),
  }));
}

type Route = Omit<Operation, 'answer'> & {
  answer(memory: Memory, request: OperationRequest): SimulatedResponse;
};

const SESSION_PATH = '/memories/{memoryId}/actor/{actorId}/sessions/{sessionId}';

function eventRoutes(): Route[] {
  return [
    {
      name: 'CreateEvent',
      method: 'POST',
      path: '/memories/{memoryId}/events',
      answer({ events }, { labels, body }) {
        const eventId = uuidOf(['event', labels['memoryId'], events.size, body]);
        const { clientToken: _token, ...members } = body;
        const event = { sessionId: 'default', ...members, memoryId: labels['memoryId'], eventId };
        events.set(eventId, event);
        return { status: 201, body: { event } };
      },
    },
    {
      name: 'ListEvents',
      method: 'POST',
      path: SESSION_PATH,
      answer: ({ events }, { labels }) => ({
        body: { events: [...events.values()].filter((event) => isOf(event, labels)).reverse() },
      }),
    },
    {
      name: 'GetEvent',
      method: 'GET',
      path: `${SESSION_PATH}/events/{eventId}`,
      answer({ events }, { labels }) {
        const event = events.get(labels['eventId'] ?? '');
        return event ? { body: { event } } : missing('event', labels['eventId']);
      },
    },
    {
      name: 'DeleteEvent',
      method: 'DELETE',
      path: `${SESSION_PATH}/events/{eventId}`,
      answer({ events }, { labels }) {
        const eventId = labels['eventId'] ?? '';
        return events.delete(eventId) ? { body: { eventId } } : missing('event', eventId);
      },
    },
    {
      name: 'ListActors',
      method: 'POST',
      path: '/memories/{memoryId}/actors',
      answer: ({ events }) => ({
        body: { actorSummaries: unique(events, 'actorId').map((actorId) => ({ actorId })) },
      }),
    },
  ];
}

function isOf(event: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  return event['actorId'] === labels['actorId'] && event['sessionId'] === labels['sessionId'];
}

function unique(events: ReadonlyMap<string, JsonObject>, member: string): unknown[] {
  return [...new Set([...events.values()].map((event) => event[member]))];
}

function recordRoutes(): Route[] {
  return [
    {
      name: 'BatchCreateMemoryRecords',
      method: 'POST',
      path: '/memories/{memoryId}/memoryRecords/batchCreate',
      answer({ records }, { body }) {
        const created = arrayOf(body['records'])
          .map(objectOf)
          .map((record) => {
            const memoryRecordId = `mem-${uuidOf([records.size, record])}`;
            records.set(memoryRecordId, { ...DEFAULTS, ...recordOf(memoryRecordId, record) });
            return done(memoryRecordId, record);
          });
        return { status: 201, body: { successfulRecords: created, failedRecords: [] } };
      },
    },
    {
      name: 'BatchUpdateMemoryRecords',
      method: 'POST',
      path: '/memories/{memoryId}/memoryRecords/batchUpdate',
      answer: ({ records }, { body }) =>
        batch(records, body, (id, record) => records.set(id, { ...records.get(id), ...recordOf(id, record) })),
    },
    {
      name: 'BatchDeleteMemoryRecords',
      method: 'POST',
      path: '/memories/{memoryId}/memoryRecords/batchDelete',
      answer: ({ records }, { body }) => batch(records, body, (id) => records.delete(id)),
    },
    {
      name: 'GetMemoryRecord',
      method: 'GET',
      path: '/memories/{memoryId}/memoryRecord/{memoryRecordId}',
      answer({ records }, { labels }) {
        const memoryRecord = records.get(labels['memoryRecordId'] ?? '');
        return memoryRecord ? { body: { memoryRecord } } : missing('memory record', labels['memoryRecordId']);
      },
    },
    {
      name: 'DeleteMemoryRecord',
      method: 'DELETE',
      path: '/memories/{memoryId}/memoryRecords/{memoryRecordId}',
      answer({ records }, { labels }) {
        const memoryRecordId = labels['memoryRecordId'] ?? '';
        return records.delete(memoryRecordId) ? { body: { memoryRecordId } } : missing('memory record', memoryRecordId);
      },
    },
    {
      name: 'ListMemoryRecords',
      method: 'POST',
      path: '/memories/{memoryId}/memoryRecords',
      answer: ({ records }) => ({ body: { memoryRecordSummaries: [...records.values()] } }),
    },
    {
      name: 'RetrieveMemoryRecords',
      method: 'POST',
      path: '/memories/{memoryId}/retrieve',
      answer: ({ records }, { body }) => ({ body: { memoryRecordSummaries: search(records, body) } }),
    },
  ];
}

/** The score of a record is the part of the query's words that it has. Records without such a word are not found. */
function search(records: ReadonlyMap<string, JsonObject>, body: JsonObject): JsonObject[] {
  const { searchQuery, topK } = objectOf(body['searchCriteria']);
  const all = [...records.values()];
  const texts = all.map((record) => stringOf(objectOf(record['content'])['text']));
  const found = rank(stringOf(searchQuery), texts).filter(({ shared }) => shared > 0);
  return found.slice(0, numberOf(topK) ?? 10).map(({ index, score }) => ({ ...all[index], score }));
}

const DEFAULTS = { memoryStrategyId: 'strategy-1', namespaces: [] };

function recordOf(memoryRecordId: string, record: JsonObject): JsonObject {
  const { requestIdentifier: _identifier, timestamp, ...members } = record;
  return { ...members, memoryRecordId, createdAt: timestamp };
}

function done(memoryRecordId: string, { requestIdentifier }: JsonObject): JsonObject {
  return { memoryRecordId, status: 'SUCCEEDED', ...(requestIdentifier !== undefined && { requestIdentifier }) };
}

function batch(
  known: ReadonlyMap<string, JsonObject>,
  body: JsonObject,
  change: (id: string, record: JsonObject) => unknown,
): SimulatedResponse {
  const successfulRecords: JsonObject[] = [];
  const failedRecords: JsonObject[] = [];
  for (const record of arrayOf(body['records']).map(objectOf)) {
    const id = stringOf(record['memoryRecordId']);
    if (known.has(id)) {
      change(id, record);
      successfulRecords.push(done(id, record));
    } else {
      failedRecords.push({ memoryRecordId: id, status: 'FAILED', errorCode: 404, errorMessage: 'No such record.' });
    }
  }
  return { body: { successfulRecords, failedRecords } };
}

function missing(kind: string, id: string | undefined): SimulatedResponse {
  return errorResponse('ResourceNotFoundException', `The Bedrock simulator has no ${kind} ${id ?? ''}.`);
}
