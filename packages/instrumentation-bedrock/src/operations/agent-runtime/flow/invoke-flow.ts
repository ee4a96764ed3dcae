/** InvokeFlow. The trace that the application has asked for becomes the spans of the nodes. */

import { asMembers, asObject, firstKey, type JsonObject } from '../../../data/json.js';
import * as semconv from '../../../data/semconv.js';
import { asId, asWord } from '../../../data/words.js';
import { flow } from '../../../dialects/flow/flow.js';
import { FLOW_TRACE } from '../../../dialects/flow/flow-fold.js';
import { createFlowTraceFold } from '../../../dialects/flow/trace-fold.js';
import { createBoundedFold } from '../../../dialects/fold/bounded-fold.js';
import { type DescribedOperation, describedOperation, describedReader } from '../../common/described.js';
import { asEvent } from '../../common/events.js';
import type { Operation, StreamOptions, StreamReader } from '../../common/operation.js';
import { FlowAgents } from './agents.js';
import { flowSteps } from './steps.js';

const STREAM = 'responseStream';

const DESCRIBED: DescribedOperation = {
  name: 'InvokeFlow',
  spanType: 'WORKFLOW',
  dialect: flow,
  identity: ({ flowIdentifier }) => {
    const id = asId(flowIdentifier);
    return id === undefined ? {} : { [semconv.ATTR_GEN_AI_WORKFLOW_NAME]: id, [semconv.ATTR_GEN_AI_AGENT_NAME]: id };
  },
  requestFacts: (input) => ({
    ...readExecution(input),
    [semconv.ATTR_AWS_BEDROCK_FLOW_ID]: asId(input['flowIdentifier']),
    [semconv.ATTR_AWS_BEDROCK_FLOW_ALIAS_ID]: asId(input['flowAliasIdentifier']),
    [semconv.ATTR_AWS_BEDROCK_FLOW_TRACE_ENABLED]:
      typeof input['enableTrace'] === 'boolean' ? input['enableTrace'] : undefined,
  }),
  answerFacts: (output) => ({
    ...readExecution(output),
    [semconv.ATTR_AWS_BEDROCK_FLOW_COMPLETION_REASON]: asWord(output['completionReason']),
  }),
  requested({ modelPerformanceConfiguration }) {
    const { performanceConfig } = asMembers(modelPerformanceConfiguration);
    return { latencyMode: asWord(asObject(performanceConfig)?.['latency']) };
  },
  stream: STREAM,
};

export const invokeFlow: Operation = {
  ...describedOperation(DESCRIBED),
  stream: { member: STREAM, createReader: (_request, output, options) => createReader(output, options) },
};

/** The turns of a flow that asks for more input have their execution in common. */
function readExecution({ executionId }: JsonObject): Record<string, string | undefined> {
  const id = asId(executionId);
  return { [semconv.ATTR_AWS_BEDROCK_FLOW_EXECUTION_ID]: id, [semconv.ATTR_GEN_AI_CONVERSATION_ID]: id };
}

function createReader(output: unknown, options: StreamOptions): StreamReader {
  const { withContent: content, maxRecordLength: maxLength, maxMediaBytes } = options;
  const reader = describedReader(DESCRIBED, output, options);
  const agents = new FlowAgents(options);
  const traces = createBoundedFold(createFlowTraceFold, { content, maxLength, maxMediaBytes });
  return {
    ...reader,
    read(event) {
      const chunk = asEvent(event);
      if (!chunk || firstKey(chunk) !== FLOW_TRACE) return reader.read(event);
      traces.add(chunk);
      agents.add(chunk);
      // The spans of the nodes have what the trace says. It is no part of the answer.
      return undefined;
    },
    answer: (hasEnded) => ({
      ...reader.answer(hasEnded),
      steps: flowSteps(traces.body()?.['traces'], agents, options),
    }),
  };
}
