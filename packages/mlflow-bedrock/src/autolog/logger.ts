import { format } from 'node:util';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { diagLogLevelFromString } from '@opentelemetry/core';
import { isReported } from '../common/reported.js';

/** Where the OpenTelemetry API keeps its global objects. All copies of its version 1 share it. */
const API = Symbol.for('opentelemetry.js.api.1');

/**
 * Writes OpenTelemetry's messages to stderr, unless the application has set a `diag` logger.
 *
 * @param level a level name such as `WARN` or `DEBUG`. Default: `WARN`.
 */
export function setDefaultLogger(level: string | undefined): void {
  // The API has no function for this question, and it warns when a second logger is set.
  const registered = (globalThis as { [API]?: { diag?: unknown } })[API];
  if (registered?.diag) return;
  diag.setLogger(stderrLogger, diagLogLevelFromString(level?.trim() || undefined) ?? DiagLogLevel.WARN);
}

// DiagConsoleLogger writes some levels to stdout, which belongs to the application.
const write = (message: string, ...args: unknown[]): void => {
  process.stderr.write(`${format(message, ...args)}\n`);
};

const stderrLogger: DiagLogger = {
  error: (message, ...args) => {
    const error = parseError(message);
    if (error !== undefined && isReported(error)) return;
    write(error ? `${error.name}: ${error.message}` : message, ...args);
  },
  warn: write,
  info: write,
  debug: write,
  verbose: write,
};

/** OpenTelemetry's span processors log the error of each failed export as JSON, with its stack. */
function parseError(message: string): { readonly name: string; readonly message: string } | undefined {
  if (!message.startsWith('{')) return undefined;
  try {
    const error = JSON.parse(message);
    return typeof error.stack === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}
