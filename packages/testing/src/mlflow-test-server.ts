import { type MlflowServer, startMlflow } from './mlflow/server.js';

let server: Promise<MlflowServer> | undefined;

/**
 * One real MLflow server for each mocha process, started by the first test that asks. `MLFLOW_TEST_URI`
 * names a running server to use instead. Tests share it: each makes an experiment of its own, with a unique name.
 */
export function testServer(): Promise<MlflowServer> {
  const external = process.env['MLFLOW_TEST_URI'];
  server ??= external
    ? Promise.resolve({ url: external.replace(/\/+$/, ''), close: async () => {} })
    : startMlflow({ log: (line) => console.log(`    ${line}`) });
  return server;
}

/** Ends the server of this run, if one was started. */
export async function stopTestServer(): Promise<void> {
  const started = server;
  server = undefined;
  // A server that failed to start has failed its test already.
  await (await started?.catch(() => undefined))?.close();
}
