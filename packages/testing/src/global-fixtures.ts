import { stopTestServer } from './mlflow-test-server.js';

/** Runs once after all tests of a mocha process: ends the MLflow server that the first test in need of it started. */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopTestServer();
}
