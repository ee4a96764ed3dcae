/** The part of Lambda's context that is needed here; the full type is in `@types/aws-lambda`. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export type LambdaHandler<Event, Result> = (event: Event, context: LambdaContext) => Promise<Result>;

/** Left for Lambda itself to send the response, after the flush. */
const RESERVE_MILLIS = 500;

/**
 * A handler after which no span waits in the process: Lambda freezes it as soon as the handler has resolved, maybe for
 * ever. The flush ends before the function's time does, and changes neither the result nor the error of the handler.
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
