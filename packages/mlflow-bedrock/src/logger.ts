import { format } from 'node:util';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { diagLogLevelFromString } from '@opentelemetry/core';

/** Where the OpenTelemetry API keeps what was registered, shared by all its copies of version 1. */
const API = Symbol.for('opentelemetry.js.api.1');

/**
 * Lets OpenTelemetry speak on stderr, unless the application has set a logger.
 *
 * @param level a name such as `WARN` or `DEBUG`. Default: `WARN`
 */
export function setDefaultLogger(level: string | undefined): void {
  // The API has no way to ask, and to set a logger over another one makes it warn.
  const registered = (globalThis as { [API]?: { diag?: unknown } })[API];
  if (registered?.diag) return;
  diag.setLogger(stderrLogger, diagLogLevelFromString(level?.trim() || undefined) ?? DiagLogLevel.WARN);
}

// Not DiagConsoleLogger: it writes some levels to stdout, which belongs to the application.
const write = (message: string, ...args: unknown[]): void => {
  process.stderr.write(`${format(message, ...args)}\n`);
};

const stderrLogger: DiagLogger = { error: write, warn: write, info: write, debug: write, verbose: write };
