import { testServer } from 'testing/mlflow-test-server.js';
import { MlflowClient } from '../../src/index.js';

/** The MLflow server that all tests share, and a client of it, from the first test of the calling suite to its last. */
export function useMlflow(): { readonly trackingUri: string; readonly client: MlflowClient } {
  let client: MlflowClient;
  let trackingUri: string;
  before(async function () {
    // The first suite waits for the start of the server.
    this.timeout(300_000);
    trackingUri = (await testServer()).url;
    client = new MlflowClient({ trackingUri });
  });
  after(() => client.close());
  return {
    get trackingUri() {
      return trackingUri;
    },
    get client() {
      return client;
    },
  };
}
