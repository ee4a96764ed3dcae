/** The part of Lambda's context that this file needs. The full type is in `@types/aws-lambda`. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export type LambdaHandler<Event, Result> = (event: Event, context: LambdaContext) => Promise<Result>;

/** Time that remains after the flush for Lambda to send the response. */
const RESERVE_MILLIS = 500;

/**
 * Returns a handler that flushes all spans before it resolves, because Lambda then freezes the process, maybe for ever.
 * The flush ends before the function's timeout. It does not change the result or the error of the handler.
 */
export function withFlush<Event, Result>(
  handler: LambdaHandler<Event, Result>,
  flush: () => Promise<void>,
): LambdaHandler<Event, Result> {
  return async (event, context) => {
    try {
      return await handler(event, context);
    } finally {
      await settledWithin(context.getRemainingTimeInMillis() - RESERVE_MILLIS, flush());
    }
  };
}

async function settledWithin(milliseconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, milliseconds));
  });
  await Promise.race([work.catch(() => {}), timeUp]);
  clearTimeout(timer);
}
