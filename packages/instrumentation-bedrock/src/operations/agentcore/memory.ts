/** AgentCore Memory: the operations by the words that the conventions have for them. */

import type { Attributes } from '@opentelemetry/api';
import { asMembers, asNumber, asObject, asObjects, type JsonObject } from '../../data/json.js';
import * as semconv from '../../data/semconv.js';
import { asId } from '../../data/words.js';
import { type MemoryWord, memoryDialect, viewFoundRecords } from '../../dialects/agentcore/memory.js';
import { type DescribedOperation, describedOperation } from '../common/described.js';
import { WHOLE } from '../common/form.js';
import type { Operation } from '../common/operation.js';
import { plainOperation } from '../common/plain.js';

const NAMES: Readonly<Record<MemoryWord, readonly string[]>> = {
  create_memory: ['BatchCreateMemoryRecords', 'CreateEvent', 'IngestData'],
  update_memory: ['BatchUpdateMemoryRecords'],
  delete_memory: ['BatchDeleteMemoryRecords', 'DeleteMemoryRecord', 'DeleteEvent'],
  search_memory: ['GetMemoryRecord', 'ListMemoryRecords', 'GetEvent', 'ListEvents'],
};

/** A search by meaning. MLflow shows what it finds as documents. */
const SEARCH: DescribedOperation = {
  ...describe('RetrieveMemoryRecords', 'search_memory'),
  spanType: 'RETRIEVER',
  answerForm: { bodyOf: WHOLE.bodyOf, show: viewFoundRecords },
};

export const memory: readonly Operation[] = [
  describedOperation(SEARCH),
  ...Object.entries(NAMES).flatMap(([word, names]) =>
    names.map((name) => describedOperation(describe(name, word as MemoryWord))),
  ),
  // The conventions have no words for these.
  ...['ListActors', 'ListSessions', 'ListMemoryExtractionJobs', 'StartMemoryExtractionJob'].map((name) =>
    plainOperation({ name, spanType: 'MEMORY', requestFacts: (input) => ({ ...readStore(input), ...readIds(input) }) }),
  ),
];

function describe(name: string, word: MemoryWord): DescribedOperation {
  return {
    name,
    spanType: 'MEMORY',
    dialect: memoryDialect(word),
    identity: readStore,
    requestFacts: (input) => ({ ...readIds(input), ...readOnlyRecord(input['records']), ...readSearch(input) }),
    answerFacts: readAnswer,
  };
}

function readStore({ memoryId }: JsonObject): Attributes {
  return { [semconv.ATTR_GEN_AI_MEMORY_STORE_ID]: asId(memoryId) };
}

/** Leaves out the ids of actors, because they often identify persons. */
function readIds({ memoryRecordId, eventId, sessionId, memoryStrategyId }: JsonObject): Attributes {
  return {
    [semconv.ATTR_GEN_AI_MEMORY_RECORD_ID]: asId(memoryRecordId) ?? asId(eventId),
    [semconv.ATTR_GEN_AI_CONVERSATION_ID]: asId(sessionId),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_MEMORY_STRATEGY_ID]: asId(memoryStrategyId),
  };
}

function readOnlyRecord(records: unknown): Attributes {
  const [only, ...more] = asObjects(records);
  return only && more.length === 0 ? { [semconv.ATTR_GEN_AI_MEMORY_RECORD_ID]: asId(only['memoryRecordId']) } : {};
}

function readSearch({ searchCriteria }: JsonObject): Attributes {
  const { topK, memoryStrategyId } = asMembers(searchCriteria);
  if (searchCriteria === undefined) return {};
  return {
    [semconv.ATTR_GEN_AI_RETRIEVAL_TOP_K]: asNumber(topK),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_MEMORY_STRATEGY_ID]: asId(memoryStrategyId),
  };
}

function readAnswer(output: JsonObject): Attributes {
  const { memoryRecord, event, failedRecords } = output;
  const members = asObject(memoryRecord) ?? asObject(event) ?? output;
  return {
    ...readIds(members),
    [semconv.ATTR_GEN_AI_MEMORY_RECORD_COUNT]: countOf(output),
    [semconv.ATTR_AWS_BEDROCK_AGENTCORE_MEMORY_FAILED_RECORD_COUNT]: lengthOf(failedRecords),
  };
}

/** The records that were found or changed. */
function countOf({ memoryRecordSummaries, events, successfulRecords, ...output }: JsonObject): number | undefined {
  const listed = lengthOf(memoryRecordSummaries) ?? lengthOf(events) ?? lengthOf(successfulRecords);
  const isOne = ['memoryRecord', 'event', 'memoryRecordId', 'eventId'].some((name) => output[name] !== undefined);
  return listed ?? (isOne ? 1 : undefined);
}

function lengthOf(list: unknown): number | undefined {
  return Array.isArray(list) ? list.length : undefined;
}
