/** Links to MLflow's web interface. `url` is the address of the server. */

export function experimentLink(url: string, experimentId: string): string {
  return `${url}/#/experiments/${experimentId}/traces`;
}

export function traceLink(url: string, { experimentId, traceId }: { experimentId: string; traceId: string }): string {
  return `${experimentLink(url, experimentId)}?selectedEvaluationId=${traceId}`;
}

export function runLink(url: string, { experimentId, runId }: { experimentId: string; runId: string }): string {
  return `${url}/#/experiments/${experimentId}/runs/${runId}`;
}
