/** Long streams of agents, with every kind of step that the fold of a trace can meet. */

import type { StreamEvent } from 'bedrock-simulator';
import { invokeAgent } from '../../src/operations/agent-runtime/invoke-agent.js';
import {
  AGENTS,
  action,
  actionResult,
  alias,
  callCollaborator,
  collaboratorResult,
  failure,
  guardrail,
  invocation,
  metadata,
  modelInput,
  modelOutput,
  observation,
  rationale,
  trace,
  turn,
} from '../support/agent-events.js';
import type { LongStream, MakeChunk } from './streams.js';

const T = turn(1);
/** Of the same length at every position. */
const id = (position: number): string => `${T}-${100_000 + position}`;
const word = (position: number): string => `w${100_000 + position} `;
const object = ({ type, payload }: StreamEvent): object => ({ [type]: payload });
const beneath = (position: number) => ({ chain: [AGENTS.hive, alias('WEATHER001', `A${100_000 + position}`)] });

const KINDS: Readonly<Record<string, MakeChunk>> = {
  'chunks of the answer': (i) => ({ chunk: { bytes: Buffer.from(word(i)) } }),
  citations: (i) => ({
    chunk: { attribution: { citations: [{ retrievedReferences: [{ content: { text: word(i) } }] }] } },
  }),
  files: () => ({ files: { files: [{ name: 'a.png', type: 'image/png', bytes: new Uint8Array(64) }] } }),
  'returned control': (i) => ({ returnControl: { invocationId: id(i), invocationInputs: [] } }),
  'model calls': (i) => object(i % 2 ? modelOutput(id(i - 1)) : modelInput(id(i))),
  'model calls with one id': (i) => object(i % 2 ? modelOutput(id(0)) : modelInput(id(0))),
  'model calls that do not end': (i) => object(modelInput(id(0), { text: word(i) })),
  'answers of models without a call': (i) => object(modelOutput(id(i))),
  'rationales of one call': (i) => object(i === 0 ? modelInput(id(0)) : rationale(id(0), word(i))),
  'rationales without a call': (i) => object(rationale(id(i), word(i))),
  'actions with one id': (i) => object(i % 2 ? actionResult(id(0), word(i), [1, 2]) : action(id(0))),
  'actions that do not end': (i) => object(action(id(0), { function: `f${100_000 + i}` })),
  'lookups that do not end': (i) =>
    object(invocation(id(0), { knowledgeBaseLookupInput: { text: word(i) } }, { time: i })),
  lookups: (i) =>
    object(
      i % 2
        ? observation(id(0), { knowledgeBaseLookupOutput: { retrievedReferences: [], metadata: metadata(i - 1, i) } })
        : invocation(id(0), { knowledgeBaseLookupInput: { text: word(i) } }, { time: i }),
    ),
  'calls of one collaborator': (i) => object(callCollaborator(id(0), 'weather', AGENTS.weather, word(i), { time: i })),
  'turns without a call': (i) => object(modelOutput(`${turn(i)}-0`, {}, beneath(i))),
  'turns of collaborators': (i) =>
    object(
      i % 2
        ? modelOutput(`${turn(i)}-0`, {}, beneath(i - 1))
        : callCollaborator(id(0), 'weather', alias('WEATHER001', `A${100_000 + i}`), word(i)),
    ),
  'results of collaborators without a call': (i) =>
    object(
      collaboratorResult(id(i), {
        name: 'weather',
        called: AGENTS.weather,
        text: word(i),
        turnId: turn(i),
        times: [1, 2],
      }),
    ),
  guardrails: () => object(guardrail(id(0), 'NONE', { outputAssessments: [{}] }, [1, 2])),
  'failures of open steps': (i) => object(i % 2 ? failure(id(0)) : action(id(0))),
  'failures without a step': (i) => object(failure(id(i), { failureReason: word(i) })),
  'events of an orchestration of its own': (i) =>
    object(trace({ traceId: id(0), event: { text: word(i) } }, { kind: 'customOrchestrationTrace' })),
  'unknown parts': (i) => object(trace({ poem: word(i) }, { kind: `poem${100_000 + i}` })),
};

export const AGENT_STREAMS: readonly LongStream[] = Object.entries(KINDS).map(([name, chunk]) => ({
  name: `agent: ${name}`,
  modelId: undefined,
  operation: invokeAgent,
  chunk,
}));
