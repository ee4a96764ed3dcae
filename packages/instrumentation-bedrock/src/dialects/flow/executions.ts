/** What the nodes of a flow did, from the events of its trace. */

import { asNumber, asObjects, asString, type JsonObject } from '../../data/json.js';

/** One execution of a node. Nodes in a loop have several. */
export interface NodeExecution {
  readonly node: string;
  /** In milliseconds since 1970; undefined if no event of the trace has a time. */
  readonly start: number | undefined;
  end: number | undefined;
  /** The event with the inputs. A node that begins a flow has none. */
  input?: JsonObject;
  /** The event with the outputs. A node that ends a flow has none. */
  output?: JsonObject;
  /** The event with the conditions that were met. It ends a condition node. */
  conditions?: JsonObject;
  readonly actions: JsonObject[];
  readonly dependencies: JsonObject[];
}

/**
 * Groups the events by node and execution. Only inputs begin an execution, unless the node is not running. Events do not
 * name their execution, so an event belongs to the oldest execution of its node that has no output yet.
 *
 * @param traces the events as the fold of the trace lists them. Those without a time have that of the event before,
 *   or else of the first one that has a time.
 */
export function readExecutions(traces: unknown): NodeExecution[] {
  const executions: NodeExecution[] = [];
  const ofNodes = new Map<string, OfNode>();
  const events = asObjects(traces);
  let time = events.map((trace) => asNumber(trace['time'])).find((each) => each !== undefined);
  for (const trace of events) {
    const node = asString(trace['node']) ?? '';
    time = asNumber(trace['time']) ?? time;
    const ofNode = ofNodes.get(node) ?? { all: [], ended: 0 };
    ofNodes.set(node, ofNode);
    const start = time;
    const begin = (): NodeExecution => {
      const execution: NodeExecution = { node, start, end: start, actions: [], dependencies: [] };
      executions.push(execution);
      ofNode.all.push(execution);
      return execution;
    };
    const execution = addTrace(trace, ofNode, begin);
    if (execution) execution.end = laterOf(execution.end, time);
  }
  return executions;
}

/** Returns the later of two times; undefined if both are unknown. */
export function laterOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

interface OfNode {
  readonly all: NodeExecution[];
  /** How many of them have ended. They end in the order in which they began. */
  ended: number;
}

/** Returns the execution that the event belongs to; undefined if the event is of an unknown kind. */
function addTrace(trace: JsonObject, ofNode: OfNode, begin: () => NodeExecution): NodeExecution | undefined {
  const running = ofNode.all[ofNode.ended];
  const latest = ofNode.all.at(-1);
  let execution: NodeExecution;
  switch (trace['kind']) {
    case 'nodeInputTrace':
      execution = begin();
      execution.input = trace;
      break;
    case 'nodeOutputTrace':
      // If a node has conditions and outputs, the conditions come first and end the execution.
      if (!running && latest && !latest.output) execution = latest;
      else {
        execution = running ?? begin();
        ofNode.ended++;
      }
      execution.output = trace;
      break;
    case 'conditionNodeResultTrace':
      execution = running ?? begin();
      execution.conditions = trace;
      ofNode.ended++;
      break;
    case 'nodeActionTrace':
      execution = running ?? latest ?? begin();
      execution.actions.push(trace);
      break;
    case 'nodeDependencyTrace':
      execution = running ?? latest ?? begin();
      execution.dependencies.push(trace);
      break;
    default:
      return undefined;
  }
  return execution;
}
