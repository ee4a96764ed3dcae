import { diag } from '@opentelemetry/api';

/** Logs a warning of this package through `diag`. */
export function warn(message: string, ...details: unknown[]): void {
  diag.warn(`mlflow-bedrock: ${message}`, ...details);
}
