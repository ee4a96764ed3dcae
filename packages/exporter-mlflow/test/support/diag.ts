import { DiagLogLevel, diag } from '@opentelemetry/api';

/** Collects the exporter's log lines, from warnings on by default, until `stop` is called. */
export function collectDiag(logLevel: DiagLogLevel = DiagLogLevel.WARN): { lines: string[]; stop(): void } {
  const lines: string[] = [];
  const add =
    (level: string) =>
    (message: string): void =>
      void lines.push(`${level}: ${message}`);
  const ignore = (): void => {};
  diag.setLogger(
    { error: add('error'), warn: add('warn'), info: add('info'), debug: ignore, verbose: ignore },
    { logLevel, suppressOverrideMessage: true },
  );
  return { lines, stop: () => diag.disable() };
}
