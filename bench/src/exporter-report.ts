/** The figures of the exporters as a table for people. */

import type { ExporterBenchResult, ExporterRow } from './exporter.js';
import type { Estimate } from './statistics.js';

export function formatExporterReport({ options, sink, mlflow }: ExporterBenchResult): string {
  return [
    `Exporters into a server that only counts (${options.sink.rounds} rounds of ${options.sink.traces} traces; medians, ratios [95% interval])`,
    ...table(sink),
    '',
    `Exporters into MLflow on SQLite (${options.mlflow.rounds} rounds of ${options.mlflow.traces} traces)`,
    ...table(mlflow),
    '',
  ].join('\n');
}

function table(rows: readonly ExporterRow[]): string[] {
  const head = ['', 'µs CPU/span', 'ratio', 'spans/s', 'ratio', 'bytes/span'];
  const lines = rows.map((row) => [
    row.variant,
    row.cpuMicrosecondsPerSpan.toFixed(1),
    format(row.cpuRatio),
    row.spansPerSecond.toFixed(0),
    format(row.rateRatio),
    row.bytesPerSpan?.toFixed(0) ?? '',
  ]);
  return [head, ...lines].map((cells) =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(22) : cell.padStart(column % 2 === 0 ? 20 : 13))).join(''),
  );
}

function format({ median, low, high }: Estimate): string {
  return `${median.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
}
