/** The table of operations. A new operation is one file beside this one and one row here. */

import { applyGuardrail } from './apply-guardrail.js';
import { getAsyncInvoke, listAsyncInvokes, startAsyncInvoke } from './async-invoke.js';
import { converse, converseStream } from './converse.js';
import { countTokens } from './count-tokens.js';
import { invokeGuardrailChecks } from './guardrail-checks.js';
import { invokeModel, invokeModelStream } from './invoke-model.js';
import type { Operation } from './operation.js';
import { plainOperation } from './plain.js';

export const OPERATIONS: readonly Operation[] = [
  converse,
  converseStream,
  invokeModel,
  invokeModelStream,
  applyGuardrail,
  invokeGuardrailChecks,
  countTokens,
  startAsyncInvoke,
  getAsyncInvoke,
  listAsyncInvokes,
];

const BY_NAME: ReadonlyMap<string, Operation> = new Map(OPERATIONS.map((operation) => [operation.name, operation]));

/** Returns the operation of a command. For operations outside the table only the name, the model and errors are read. */
export function operationOf(name: string): Operation {
  return BY_NAME.get(name) ?? plainOperation({ name, spanType: 'LLM', recordsContent: false });
}
