/** Long streams of the agent runtime, with every kind of event that a fold can meet. */

import { agenticRetrieve } from '../../src/operations/agent-runtime/agentic-retrieve.js';
import { invokeFlow } from '../../src/operations/agent-runtime/flow/invoke-flow.js';
import { optimizePrompt } from '../../src/operations/agent-runtime/optimize-prompt.js';
import { retrieveAndGenerateStream } from '../../src/operations/agent-runtime/retrieve-and-generate.js';
import type { Operation } from '../../src/operations/common/operation.js';
import type { LongStream, MakeChunk } from './streams.js';

/** Of the same length at every position, so that twice as many events are twice as long. */
const digits = (position: number): number => 100_000 + position;
const word = (position: number): string => `w${digits(position)} `;
const fresh = (position: number): string => `member${digits(position)}`;

const others: Record<string, MakeChunk> = {
  'unknown events': (i) => ({ [fresh(i)]: { text: word(i) } }),
  'events of an unknown kind': (i) => ({ $unknown: ['poem', { text: word(i) }] }),
};

const reference = (i: number): object => ({
  content: { type: 'TEXT', text: word(i) },
  location: { type: 'S3', s3Location: { uri: `s3://hive/${digits(i)}` } },
});

const trace = (kind: string, i: number, nodeName: string, members: object): object => ({
  flowTraceEvent: { trace: { [kind]: { nodeName, timestamp: new Date(1.7e12 + i), ...members } } },
});
const fields = (i: number): object => ({ fields: [{ nodeInputName: 'question', content: { document: word(i) } }] });
const action = (i: number, nodeName: string): object =>
  trace('nodeActionTrace', i, nodeName, {
    operationName: 'InvokeModel',
    operationRequest: { modelId: 'amazon.nova-lite-v1:0', body: { prompt: word(i) } },
    operationResponse: { usage: { inputTokens: 1, outputTokens: 1 } },
  });

const KINDS: readonly (readonly [Operation, Readonly<Record<string, MakeChunk>>])[] = [
  [
    retrieveAndGenerateStream,
    {
      output: (i) => ({ output: { text: word(i) } }),
      citation: (i) => ({ citation: { citation: { retrievedReferences: [reference(i)] } } }),
      guardrail: () => ({ guardrail: { action: 'NONE' } }),
      ...others,
    },
  ],
  [
    agenticRetrieve,
    {
      answer: (i) => ({ responseEvent: { text: word(i) } }),
      result: (i) => ({ result: { results: [{ content: { text: word(i) } }] } }),
      'trace event': (i) => ({ traceEvent: { id: fresh(i), attributes: { message: word(i), warnings: [{}] } } }),
      ...others,
    },
  ],
  [
    optimizePrompt,
    {
      analysis: (i) => ({ analyzePromptEvent: { message: word(i) } }),
      prompt: (i) => ({ optimizedPromptEvent: { optimizedPrompt: { textPrompt: { text: word(i) } } } }),
      ...others,
    },
  ],
  [
    invokeFlow,
    {
      output: (i) => ({ flowOutputEvent: { nodeName: 'End', content: { document: word(i) } } }),
      'input request': (i) => ({ flowMultiTurnInputRequestEvent: { content: { document: word(i) } } }),
      completion: () => ({ flowCompletionEvent: { completionReason: 'SUCCESS' } }),
      'inputs of one node': (i) => trace('nodeInputTrace', i, 'Ask', fields(i)),
      'inputs and outputs of one node': (i) => trace(i % 2 ? 'nodeOutputTrace' : 'nodeInputTrace', i, 'Ask', fields(i)),
      'many nodes': (i) => trace('nodeInputTrace', i, fresh(i), fields(i)),
      'many running executions, then outputs': (i) =>
        trace(i % 3 === 2 ? 'nodeOutputTrace' : 'nodeInputTrace', i, 'Ask', fields(i)),
      'actions of one node': (i) => action(i, 'Ask'),
      'actions of many nodes': (i) => action(i, fresh(i)),
      'dependencies of one node': (i) =>
        trace('nodeDependencyTrace', i, 'Ask', { traceElements: { agentTraces: [{ eventTime: new Date(1.7e12) }] } }),
      'traces of unknown kinds': (i) => trace(fresh(i), i, 'Ask', {}),
      ...others,
    },
  ],
];

export const KNOWLEDGE_BASE_STREAMS: readonly LongStream[] = KINDS.flatMap(([operation, kinds]) => {
  const makers = Object.values(kinds);
  const all: MakeChunk = (i) => (makers[i % makers.length] as MakeChunk)(i);
  return Object.entries({ ...kinds, 'all kinds in turn': all }).map(([kind, chunk]) => ({
    name: `${operation.name}: ${kind}`,
    modelId: undefined,
    operation,
    chunk,
  }));
});
