/**
 * AgentCore Memory: events, which are the turns of a session, and records, which the service extracts from them. Both are
 * records in the sense of the conventions.
 */

import { asArray, asMembers, asObject, asObjects, asString, type JsonObject, type JsonValue } from '../../data/json.js';
import { ATTR_GEN_AI_MEMORY_QUERY_TEXT, ATTR_GEN_AI_MEMORY_RECORDS } from '../../data/semconv.js';
import { blankDialect } from '../blank.js';
import type { Dialect } from '../dialect.js';
import { viewDocument } from '../documents/documents.js';

/** The words of the conventions for operations of memories. */
export type MemoryWord = 'create_memory' | 'delete_memory' | 'search_memory' | 'update_memory';

export function memoryDialect(word: MemoryWord): Dialect {
  return {
    ...blankDialect('agentcore-memory', word),
    readInputDetails: (body) => ({
      [ATTR_GEN_AI_MEMORY_QUERY_TEXT]: asString(asObject(body['searchCriteria'])?.['searchQuery']),
      [ATTR_GEN_AI_MEMORY_RECORDS]: sentRecords(body),
    }),
    readOutputDetails: (body) => ({ [ATTR_GEN_AI_MEMORY_RECORDS]: foundRecords(body) }),
  };
}

/** Returns what was found as MLflow shows the documents of a span of the type `RETRIEVER`. */
export function viewFoundRecords(answer: JsonValue): JsonValue {
  const found = asObject(answer)?.['memoryRecordSummaries'];
  if (!Array.isArray(found)) return answer;
  return asObjects(found).map(({ memoryRecordId: documentId, ...others }) => viewDocument({ ...others, documentId }));
}

function sentRecords({ records, payload, source }: JsonObject): JsonValue[] | undefined {
  if (Array.isArray(records)) return asObjects(records).map(readRecord);
  const ingested = asObject(asObject(source)?.['inline'])?.['payload'];
  const turns = [payload, ingested].find(Array.isArray);
  return turns && [{ content: asArray(turns).map(readTurn) }];
}

function foundRecords({ memoryRecordSummaries, memoryRecord, events, event }: JsonObject): JsonValue[] | undefined {
  const record = asObject(memoryRecord);
  const turn = asObject(event);
  if (Array.isArray(memoryRecordSummaries)) return asObjects(memoryRecordSummaries).map(readRecord);
  if (record) return [readRecord(record)];
  if (Array.isArray(events)) return asObjects(events).map(readEvent);
  return turn && [readEvent(turn)];
}

/** The schema of the conventions has `id`, `content`, `metadata` and `score`, and allows further members. */
function readRecord({ memoryRecordId, content, ...others }: JsonObject): JsonObject {
  const text = asObject(content)?.['text'] ?? content;
  return { ...(memoryRecordId !== undefined && { id: memoryRecordId }), content: text ?? null, ...others };
}

function readEvent({ eventId, payload, ...others }: JsonObject): JsonObject {
  return { ...(eventId !== undefined && { id: eventId }), content: asArray(payload).map(readTurn), ...others };
}

function readTurn(turn: JsonValue): JsonValue {
  const { content, role } = asMembers(asObject(turn)?.['conversational']);
  const text = asObject(content)?.['text'];
  return text === undefined ? turn : { ...(role !== undefined && { role }), content: text };
}
