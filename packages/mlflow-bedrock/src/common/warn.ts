import { diag } from '@opentelemetry/api';
import { errorOrigin } from 'opentelemetry-instrumentation-bedrock/recording';

/** Logs a warning of this package through `diag`. The message must have no content and no text of an error. */
export function warn(message: string): void {
  diag.warn(`mlflow-bedrock: ${message}`);
}

/** Logs what failed, with the class and the place of the error but without its texts. Never throws. */
export function warnOfError(message: string, error: unknown): void {
  try {
    warn(`${message} (${errorOrigin(error)})`);
  } catch {
    // The logger belongs to the application. Its errors cannot be reported anywhere.
  }
}

/** Messages have names of spans in them, and an application can make any number of those. */
const MAX_REPORTED = 100;
const reported = new Set<string>();

/** As {@link warnOfError}, but logs each message once. */
export function warnOfErrorOnce(message: string, error: unknown): void {
  if (reported.has(message) || reported.size >= MAX_REPORTED) return;
  reported.add(message);
  warnOfError(message, error);
}
