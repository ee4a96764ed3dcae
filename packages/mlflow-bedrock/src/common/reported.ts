import { globalErrorHandler } from '@opentelemetry/core';

/**
 * The error of an export whose failure is in the log already. Span processors report some failures of their exporters and
 * not others: of several batches of a flush only the first one, and none of a flush that the caller gave up.
 */
export class ReportedError extends Error {
  readonly isReported = true;

  /** @param error the error that was reported */
  constructor(error: Error) {
    super(`This failure was reported before: ${error.message}`, { cause: error });
    this.name = 'ReportedError';
  }
}

/** Whether the failure is in the log already. So are those of MlflowSpanExporter, in one line, once per cause. */
export function isReported(error: object): boolean {
  const { isReported } = error as { isReported?: unknown };
  // Processors log errors as JSON, with text for all members.
  return isReported === true || isReported === 'true';
}

/** Reports what span processors, or a tracer provider, rejected with, except failures that are in the log already. */
export function reportErrors(rejected: unknown): void {
  // A tracer provider rejects with the errors of all its processors, and a processor with those of all its exporters.
  const errors = (Array.isArray(rejected) ? rejected : [rejected]).flatMap((error) =>
    error instanceof AggregateError ? error.errors : [error],
  );
  for (const error of errors) {
    if (!(error instanceof Error && isReported(error))) globalErrorHandler(error as Error);
  }
}
