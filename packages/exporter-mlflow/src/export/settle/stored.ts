import { say } from '../../common/shown-text.js';
import type { Failure } from '../../http/exchange/outcome.js';
import { mlflowTraceId } from '../../mlflow/names.js';
import type { Rest, RestResult } from '../../mlflow/rest.js';
import { getTrace } from '../../mlflow/traces.js';
import type { MlflowTrace } from '../../mlflow/types.js';
import type { Trace } from '../trace/trace.js';

const MEGABYTE = 1024 * 1024;
/** MLflow has no route for spans without their content. Reading an answer of this size blocks the process for 100 ms. */
const MAX_STORED_BYTES = 8 * MEGABYTE;

const tooLarge = new WeakSet<Trace>();
const TOO_LARGE: Failure = { kind: 'configuration', reason: say`The stored trace is too large`, tooLong: true };

/** The trace as MLflow has it. Fails with `tooLong` if it is larger than 8 MB. Later calls then do not ask again. */
export async function fetchStored(trace: Trace, rest: Rest): Promise<RestResult<MlflowTrace>> {
  if (tooLarge.has(trace)) return TOO_LARGE;
  const stored = await getTrace(rest, trace.id, MAX_STORED_BYTES);
  if (stored.kind !== 'success' && stored.tooLong) tooLarge.add(trace);
  return stored;
}

/** Says what is missing for such a trace. */
export function describeTooLarge({ id }: Trace): string {
  return `MLflow may show too few tokens for trace ${mlflowTraceId(id)}, and a wrong duration: the stored trace is larger than ${MAX_STORED_BYTES / MEGABYTE} MB, so its totals are not corrected for spans that arrived late.`;
}
