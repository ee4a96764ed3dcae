import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { installMlflow } from 'testing/mlflow/install.js';

const SEARCH = `
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
print("names:", *sorted(mlflow.search_traces(locations=[sys.argv[2]])["tags"].map(lambda tags: tags["mlflow.traceName"])), sep="\\n")
`;

/** Names of all traces of an experiment, as Python's client finds and reads them. Rejects if it cannot read one. */
export async function searchInPython(url: string, experimentId: string): Promise<string[]> {
  const { python } = await installMlflow(() => {});
  const { stdout } = await promisify(execFile)(python, ['-c', SEARCH, url, experimentId], {
    env: { ...process.env, MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' },
  });
  const lines = stdout.trim().split(/\r?\n/);
  return lines.slice(lines.indexOf('names:') + 1);
}
