/** The table of operations. A new operation is one file in the folder of its service, and one row here. */

import { agenticRetrieve } from './agent-runtime/agentic-retrieve.js';
import { invokeFlow } from './agent-runtime/flow/invoke-flow.js';
import { generateQuery } from './agent-runtime/generate-query.js';
import { invokeAgent } from './agent-runtime/invoke-agent.js';
import { invokeInlineAgent } from './agent-runtime/invoke-inline-agent.js';
import { optimizePrompt } from './agent-runtime/optimize-prompt.js';
import { documents } from './agent-runtime/plain/documents.js';
import { flowExecutions } from './agent-runtime/plain/flow-executions.js';
import { agentMemory } from './agent-runtime/plain/memory.js';
import { sessions } from './agent-runtime/plain/sessions.js';
import { tags } from './agent-runtime/plain/tags.js';
import { rerank } from './agent-runtime/rerank.js';
import { retrieve } from './agent-runtime/retrieve.js';
import { retrieveAndGenerate, retrieveAndGenerateStream } from './agent-runtime/retrieve-and-generate.js';
import { agentCore } from './agentcore/index.js';
import type { Operation } from './common/operation.js';
import { plainOperation } from './common/plain.js';
import { openAi } from './openai/index.js';
import { applyGuardrail } from './runtime/apply-guardrail.js';
import { getAsyncInvoke, listAsyncInvokes, startAsyncInvoke } from './runtime/async-invoke.js';
import { invokeModelBidirectional } from './runtime/bidirectional-stream.js';
import { converse, converseStream } from './runtime/converse.js';
import { countTokens } from './runtime/count-tokens.js';
import { invokeGuardrailChecks } from './runtime/guardrail-checks.js';
import { invokeModel, invokeModelStream } from './runtime/invoke-model.js';

/** The operations by service, under the `serviceId` that every client of the service has. */
export const OPERATIONS: Readonly<Record<string, readonly Operation[]>> = {
  'Bedrock Runtime': [
    converse,
    converseStream,
    invokeModel,
    invokeModelStream,
    invokeModelBidirectional,
    applyGuardrail,
    invokeGuardrailChecks,
    countTokens,
    startAsyncInvoke,
    getAsyncInvoke,
    listAsyncInvokes,
  ],
  'Bedrock Agent Runtime': [
    invokeAgent,
    invokeInlineAgent,
    invokeFlow,
    retrieve,
    retrieveAndGenerate,
    retrieveAndGenerateStream,
    rerank,
    agenticRetrieve,
    generateQuery,
    optimizePrompt,
    ...sessions,
    ...agentMemory,
    ...flowExecutions,
    ...documents,
    ...tags,
  ],
  'Bedrock AgentCore': agentCore,
  // The seam to OpenAI's SDK reports its calls under this name, which is no AWS service.
  OpenAI: openAi,
};

type ByName = ReadonlyMap<string, Operation>;

const BY_SERVICE: ReadonlyMap<unknown, ByName> = new Map(
  Object.entries(OPERATIONS).map(([service, operations]): [unknown, ByName] => [
    service,
    new Map(operations.map((operation) => [operation.name, operation])),
  ]),
);

/** @param serviceId of a client of any AWS service. */
export function isTracedService(serviceId: unknown): boolean {
  return BY_SERVICE.has(serviceId);
}

/** Returns the operation of a command. For operations outside the table only the name, the model and errors are read. */
export function operationOf(serviceId: unknown, name: string): Operation {
  return BY_SERVICE.get(serviceId)?.get(name) ?? plainOperation({ name, spanType: 'LLM', recordsContent: false });
}
