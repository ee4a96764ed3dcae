import { say } from '../common/shown-text.js';
import type { Failure } from '../http/exchange/outcome.js';
import { ARTIFACT_LOCATION } from './names.js';
import type { Rest, RestResult } from './rest.js';

/**
 * The folder of a trace's files, by the tags of its record. Fails if the server keeps files where only clients with
 * access to its storage reach them.
 */
export function artifactFolder({ url, show }: Rest, tags: Readonly<Record<string, string>>): RestResult<string> {
  const location = tags[ARTIFACT_LOCATION] ?? '';
  const folder = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/.exec(location)?.[1];
  if (folder === undefined) {
    return {
      kind: 'configuration',
      reason: say`MLflow at ${url} keeps spans in ${show(location.split(':')[0] ?? '')}: storage, out of reach of this exporter: start it with --serve-artifacts, or with a database and MLflow >= 3.4.`,
    };
  }
  // Percent-encoded, because the name of an experiment's folder may hold spaces.
  return { kind: 'success', value: new URL(`/${folder}`, url).pathname };
}

/** The text of `traces.json` in the folder; undefined if there is none. */
export async function getTracesJson(rest: Rest, folder: string): Promise<RestResult<string | undefined>> {
  const outcome = await rest.send({ method: 'GET', path: tracesJson(folder) });
  if (outcome.kind === 'success') return { kind: 'success', value: outcome.body };
  return outcome.status === 404 ? { kind: 'success', value: undefined } : outcome;
}

/** Writes `traces.json` into the folder, in place of an earlier one. */
export async function putTracesJson(rest: Rest, folder: string, body: Uint8Array): Promise<Failure | undefined> {
  const outcome = await rest.send({
    method: 'PUT',
    path: tracesJson(folder),
    headers: { 'content-type': 'application/json' },
    body,
    beginningOnly: true,
    recorded: () => [new TextDecoder().decode(body)],
  });
  return outcome.kind === 'success' ? undefined : outcome;
}

function tracesJson(folder: string): string {
  return `/api/2.0/mlflow-artifacts/artifacts${folder}/traces.json`;
}
