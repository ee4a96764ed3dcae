/** The fold for the trace of a flow: lists its events in one form, `{traces}`. */

import { asObject, firstKey, type JsonObject, setMember, setMembers } from '../../data/json.js';
import { unwrapUnknown } from '../../data/unknown-member.js';
import { asId, asWord } from '../../data/words.js';
import { FLOW_TRACE } from '../fold/flow-fold.js';
import type { FoldOptions, StreamFold } from '../fold/stream-fold.js';
import { readActionUsage } from './usage.js';

/** More than the nodes of a flow can run. Without a limit, a stream could fill the memory also if content is off. */
const MAX_TRACES = 10_000;

/** What a request to another service is about and how its answer ended, which is no content. */
const WORDS = ['modelId', 'knowledgeBaseId', 'agentId', 'agentAliasId', 'sessionId', 'functionName', 'stopReason'];
/** Objects with figures, in the format of Converse. */
const FIGURES = ['inferenceConfig', 'metrics'];

export function createFlowTraceFold({ content }: FoldOptions): StreamFold {
  const traces: JsonObject[] = [];
  return {
    add(event) {
      const union = unwrapUnknown(asObject(asObject(event[FLOW_TRACE])?.['trace']) ?? {});
      const kind = firstKey(union);
      const members = kind === undefined ? undefined : asObject(union[kind]);
      if (kind === undefined || !members || traces.length === MAX_TRACES) return;
      traces.push(readTrace(kind, members, content));
    },
    body: () => (traces.length > 0 ? { traces } : undefined),
    isComplete: () => undefined,
  };
}

/** @param content false if only ids and figures are kept. Both forms list the same events, so they can be merged. */
function readTrace(kind: string, members: JsonObject, content: boolean): JsonObject {
  const { nodeName, timestamp, operationRequest, operationResponse, ...others } = members;
  const trace: JsonObject = { kind };
  const add = (name: string, value: JsonObject[string]): void => {
    if (value !== undefined) setMember(trace, name, value);
  };
  add('node', asWord(nodeName));
  add('time', timeOf(timestamp));
  for (const name of ['serviceName', 'operationName', 'requestId']) add(name, asWord(members[name]));
  const response = asObject(operationResponse);
  // A plain object: the report has no index signature.
  add('usage', response && { ...readActionUsage(response) });
  if (content) setMembers(trace, others);
  add('request', content ? operationRequest : factsOf(asObject(operationRequest)));
  add('response', content ? operationResponse : factsOf(response));
  return trace;
}

function factsOf(payload: JsonObject | undefined): JsonObject | undefined {
  if (!payload) return undefined;
  const facts: JsonObject = {};
  for (const name of WORDS) {
    const word = asId(payload[name]);
    if (word !== undefined) facts[name] = word;
  }
  for (const name of FIGURES) {
    const figures = Object.entries(asObject(payload[name]) ?? {}).filter(([, value]) => typeof value === 'number');
    if (figures.length > 0) facts[name] = Object.fromEntries(figures);
  }
  return facts;
}

/** Returns milliseconds since 1970; undefined if the value is no time. */
function timeOf(timestamp: unknown): number | undefined {
  const time = timestamp instanceof Date ? timestamp.getTime() : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
