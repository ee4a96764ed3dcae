import { stopTestServer } from './mlflow.js';

/**
 * Runs once after all tests of a mocha run: ends the MLflow server that the first test in need of it started. Those of
 * the processes that run test files side by side end with them.
 */
export async function mochaGlobalTeardown(): Promise<void> {
  await stopTestServer();
}
