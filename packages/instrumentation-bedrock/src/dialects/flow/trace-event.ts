/** One event of a flow's trace. */

import { asMembers, asObject, firstKey, type JsonObject } from '../../data/json.js';
import { unwrapUnknown } from '../../data/unknown-member.js';
import { asWord } from '../../data/words.js';
import { FLOW_TRACE } from './flow-fold.js';

/** Without a limit, a stream could fill the memory also if content is off. */
const MAX_EVENTS = 10_000;

export interface FlowTraceEvent {
  /** `nodeInputTrace`, `nodeOutputTrace`, … */
  readonly kind: string;
  readonly node: string | undefined;
  /** How many times the node has got its input so far. Events do not name the execution that they belong to. */
  readonly run: number;
  readonly members: JsonObject;
}

/** Returns a function that reads the events of one trace, in order. It returns undefined for other events. */
export function flowTraceReader(): (event: JsonObject) => FlowTraceEvent | undefined {
  const runs = new Map<string | undefined, number>();
  let count = 0;
  return (event) => {
    const union = unwrapUnknown(asMembers(asObject(event[FLOW_TRACE])?.['trace']));
    const kind = firstKey(union);
    const members = kind === undefined ? undefined : asObject(union[kind]);
    if (kind === undefined || !members || count === MAX_EVENTS) return undefined;
    count++;
    const node = asWord(members['nodeName']);
    const run = (runs.get(node) ?? 0) + Number(kind === 'nodeInputTrace');
    runs.set(node, run);
    return { kind, node, run, members };
  };
}
