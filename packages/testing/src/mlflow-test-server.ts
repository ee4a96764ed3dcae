import { type MlflowServer, startMlflow } from './mlflow/server.js';

let server: Promise<MlflowServer> | undefined;

/**
 * The MLflow server that all tests of this process share. The first call starts it, and it ends with the process.
 * If `MLFLOW_TEST_URI` is set, the tests use that server. Each test makes an experiment with a unique name.
 */
export function testServer(): Promise<MlflowServer> {
  const external = process.env['MLFLOW_TEST_URI'];
  server ??= external
    ? Promise.resolve({ url: external.replace(/\/+$/, ''), kill: async () => {}, close: async () => {} })
    : startMlflow({ log: (line) => console.log(`    ${line}`) });
  return server;
}
