import { DiagLogLevel, diag } from '@opentelemetry/api';

/** Collects the exporter's log lines until `stop` is called. */
export function collectDiag(): { lines: string[]; stop(): void } {
  const lines: string[] = [];
  const add =
    (level: string) =>
    (message: string): void =>
      void lines.push(`${level}: ${message}`);
  const ignore = (): void => {};
  diag.setLogger(
    { error: add('error'), warn: add('warn'), info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  return { lines, stop: () => diag.disable() };
}
