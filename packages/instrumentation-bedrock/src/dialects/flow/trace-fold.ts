/** The fold for the trace of a flow: lists its events in one form, `{traces}`. */

import {
  asMembers,
  asNumber,
  asObject,
  asObjects,
  isObject,
  type JsonObject,
  setMember,
  setMembers,
} from '../../data/json.js';
import { asId, asWord } from '../../data/words.js';
import type { FoldOptions, StreamFold } from '../fold/stream-fold.js';
import { type FlowTraceEvent, flowTraceReader } from './trace-event.js';
import { objectIn, readActionUsage } from './usage.js';

/** What a request to another service is about and how its answer ended, which is no content. */
const WORDS = [
  ...['modelId', 'modelArn', 'knowledgeBaseId', 'agentId', 'agentAliasId', 'sessionId', 'functionName', 'latency'],
  ...['guardrailIdentifier', 'guardrailId', 'guardrailVersion', 'guardrailAction', 'stopReason'],
];
/** Objects with figures. */
const FIGURES = [
  ...['inferenceConfig', 'textInferenceConfig', 'metrics', 'bedrockRerankingConfiguration'],
  ...['vectorSearchConfiguration', 'managedSearchConfiguration'],
];
/** Lists whose length is a figure. */
const COUNTED = ['retrievalResults', 'results'];
/** Objects that have some of these within. */
const HOLDERS = [
  ...['retrieveAndGenerateConfiguration', 'knowledgeBaseConfiguration', 'externalSourcesConfiguration'],
  ...['generationConfiguration', 'inferenceConfig', 'retrievalConfiguration', 'performanceConfig'],
  ...['rerankingConfiguration', 'bedrockRerankingConfiguration', 'modelConfiguration'],
  ...['guardrailConfig', 'guardrailConfiguration'],
];
/** How deep the facts of a request are. */
const MAX_LEVELS = 6;

export function createFlowTraceFold({ content }: FoldOptions): StreamFold {
  const traces: JsonObject[] = [];
  const read = flowTraceReader();
  return {
    add(event) {
      const trace = read(event);
      if (trace) traces.push(listed(trace, content));
    },
    body: () => (traces.length > 0 ? { traces } : undefined),
    isComplete: () => undefined,
  };
}

/** @param content false if only ids and figures are kept. Both forms list the same events, so they can be merged. */
function listed({ kind, node, run, members }: FlowTraceEvent, content: boolean): JsonObject {
  // The trace of an agent has a reader of its own.
  const { nodeName, timestamp, operationRequest, operationResponse, traceElements, ...others } = members;
  const trace: JsonObject = { kind, run };
  const add = (name: string, value: JsonObject[string]): void => {
    if (value !== undefined) setMember(trace, name, value);
  };
  add('node', node);
  add('time', timeOf(timestamp));
  for (const name of ['serviceName', 'operationName', 'requestId']) add(name, asWord(members[name]));
  const request = readPayload(operationRequest);
  const response = readPayload(operationResponse);
  // A plain object: the report has no index signature.
  add('usage', isObject(response) ? { ...readActionUsage(response) } : undefined);
  if (content) setMembers(trace, others);
  else add('satisfiedConditions', conditionNames(members));
  add('iteration', iterationOf(members));
  add('request', content ? request : factsOf(request));
  add('response', content ? response : factsOf(response));
  return trace;
}

/** A payload is any JSON, or an object as JSON text. */
function readPayload(payload: JsonObject[string]): JsonObject[string] {
  return objectIn(payload) ?? payload;
}

function factsOf(payload: JsonObject[string], levels = MAX_LEVELS): JsonObject | undefined {
  if (!isObject(payload)) return undefined;
  const facts: JsonObject = {};
  for (const name of WORDS) {
    const word = asId(payload[name]);
    if (word !== undefined) facts[name] = word;
  }
  for (const name of FIGURES) {
    const figures = Object.entries(asMembers(payload[name])).filter(([, value]) => typeof value === 'number');
    if (figures.length > 0) facts[name] = Object.fromEntries(figures);
  }
  for (const name of COUNTED) {
    const list = payload[name];
    if (Array.isArray(list)) facts[name] = list.map(() => null);
  }
  for (const name of HOLDERS) {
    const within = levels > 1 ? factsOf(payload[name], levels - 1) : undefined;
    if (within) facts[name] = { ...within, ...asObject(facts[name]) };
  }
  return facts;
}

/** Conditions without their expressions, which are content. */
function conditionNames({ satisfiedConditions }: JsonObject): JsonObject[] | undefined {
  if (!Array.isArray(satisfiedConditions)) return undefined;
  return asObjects(satisfiedConditions).map(({ conditionName }) => ({ conditionName: asWord(conditionName) }));
}

/** Returns the number of the iteration in the innermost loop, which the fields of an input have beside their content. */
function iterationOf({ fields }: JsonObject): number | undefined {
  const chain = asObjects(asObjects(fields)[0]?.['executionChain']);
  return asNumber(chain.at(-1)?.['index']);
}

/**
 * Returns milliseconds since 1970; undefined if the value is no time.
 *
 * @param timestamp text if the event is newer than the SDK, which then passes it on as it is.
 */
function timeOf(timestamp: unknown): number | undefined {
  const text = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  const time = timestamp instanceof Date ? timestamp.getTime() : text;
  return Number.isNaN(time) ? undefined : time;
}
