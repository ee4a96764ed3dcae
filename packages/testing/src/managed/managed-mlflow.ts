import { startMlflow } from '../mlflow/server.js';
import { freePort } from '../ports.js';
import { type SageMakerGateway, type SageMakerGatewayOptions, startSageMakerGateway } from './gateway.js';

/** A gateway with the MLflow server behind it. */
export interface ManagedMlflow extends SageMakerGateway {
  /** URL of the server for its page, which a browser reaches without signatures. */
  readonly pageUrl: string;
}

/**
 * Starts an MLflow server that keeps artifacts in the S3 of a gateway, and the gateway before it. Together they are as
 * a managed server is seen from outside. `close()` ends both.
 *
 * @param options.folder of the artifacts in the bucket `traces`
 */
export async function startManagedMlflow({
  folder,
  ...options
}: Omit<SageMakerGatewayOptions, 'mlflow'> & { folder: string }): Promise<ManagedMlflow> {
  const port = await freePort();
  const gateway = await startSageMakerGateway({ ...options, mlflow: `http://127.0.0.1:${port}` });
  try {
    const server = await startMlflow({ port, s3: { root: `s3://traces/${folder}`, env: gateway.environment() } });
    return {
      ...gateway,
      pageUrl: server.url,
      async close() {
        await server.close();
        await gateway.close();
      },
    };
  } catch (error) {
    await gateway.close();
    throw error;
  }
}
