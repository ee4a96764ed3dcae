import { MlflowError } from '../common/error.js';
import { ownText } from '../common/shown-text.js';
import { mlflowTraceId } from '../mlflow/names.js';
import type { Rest, RestResult } from '../mlflow/rest.js';
import { getTraceInfo } from '../mlflow/traces.js';
import { type ClientRequests, hasCode } from './requests.js';

/**
 * Runs work that needs a trace on the server.
 *
 * @throws MlflowError that says to flush first if the server does not have the trace
 */
export async function changeTrace<T>(
  requests: ClientRequests,
  traceId: string,
  work: (rest: Rest) => Promise<RestResult<T>>,
): Promise<T> {
  try {
    return await requests.run(work, [traceId]);
  } catch (error) {
    // The answer alone does not show the cause: for a tag it is a message of the server's database, with status 400.
    const isRejected = error instanceof MlflowError && (error.status === 404 || error.status === 400);
    if (isRejected && (await isMissing(requests, traceId))) throw missingTrace(traceId);
    throw error;
  }
}

async function isMissing(requests: ClientRequests, traceId: string): Promise<boolean> {
  try {
    await requests.run((rest) => getTraceInfo(rest, traceId));
    return false;
  } catch (error) {
    return hasCode(error, 'RESOURCE_DOES_NOT_EXIST');
  }
}

function missingTrace(traceId: string): MlflowError {
  return new MlflowError(
    `MLflow has no trace ${ownText(mlflowTraceId(traceId))}. If this application makes the trace, end it and flush first: ` +
      'await flush() of autolog(), or forceFlush() of the tracer provider. Then repeat the call.',
    { status: 404, errorCode: 'RESOURCE_DOES_NOT_EXIST' },
  );
}
