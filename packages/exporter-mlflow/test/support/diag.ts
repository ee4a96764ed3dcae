import { DiagLogLevel, diag } from '@opentelemetry/api';

/** What the exporter tells the application's logger, from here until `stop`. */
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
