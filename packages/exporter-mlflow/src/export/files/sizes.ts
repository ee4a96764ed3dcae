import { SIZE_BYTES, SIZE_STATS } from '../../mlflow/names.js';
import type { WireTraceInfo } from '../../mlflow/wire-types.js';

/**
 * Metadata about the sizes of a trace and its spans, which MLflow's Python client writes. MLflow's page waits for so many
 * spans, and loads large traces later.
 *
 * @param spanBytes the size of each span as JSON
 */
export function sizeMetadata(info: WireTraceInfo, spanBytes: readonly number[]): Record<string, string> {
  const sorted = [...spanBytes].sort((a, b) => a - b);
  const separators = 2 * Math.max(0, sorted.length - 1);
  const total = Buffer.byteLength(JSON.stringify(info)) + sorted.reduce((sum, bytes) => sum + bytes, separators);
  const stats = {
    total_size_bytes: total,
    num_spans: sorted.length,
    max: sorted.at(-1) ?? 0,
    p25: percentile(sorted, 0.25),
    p50: percentile(sorted, 0.5),
    p75: percentile(sorted, 0.75),
  };
  return { [SIZE_STATS]: JSON.stringify(stats), [SIZE_BYTES]: String(total) };
}

/** Between the two nearest values, in proportion. */
function percentile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? below;
  return Math.trunc(below + (above - below) * (position - Math.floor(position)));
}
