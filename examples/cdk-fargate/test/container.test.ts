/**
 * The container of MLflow as the template has it, run as a program of this machine: its command and its environment, with
 * local PostgreSQL and S3 in the place of what the template refers to.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createAuthority } from '../../../packages/exporter-mlflow/test/support/certificates.js';
import { installMlflow, installPackages } from '../../../scripts/mlflow/install.js';
import { runMlflow } from '../../../scripts/mlflow/server.js';
import { createObjectStore } from '../../../scripts/test-support/object-store.js';
import { freePort } from '../../../scripts/test-support/ports.js';
import { createPostgres, type Postgres } from '../../../scripts/test-support/postgres.js';
import { removeDirectory } from '../../../scripts/test-support/process.js';
import { PACKAGES } from '../../../scripts/test-support/topology.js';
import { invokeDeployed } from './support/application.js';
import { resolve, type Values } from './support/cloudformation.js';
import { type CaseName, resource, resources, type StackTemplate, synthesizeCase } from './support/synthesize.js';
import { MlflowClient } from 'opentelemetry-exporter-mlflow';

const run = promisify(execFile);
/** With everything that a URI, a shell or a connection string would take for its own. */
const PASSWORD = `p@s:s/w?o#r%d $HOME"'\\&+ =é`;
const BUCKET = 'artifacts-of-a-test';
const S3 = { accessKey: 'test', secretKey: 'test-secret' };

interface Running {
  url: string;
  host: string;
  bucketUrl: string;
  python: string;
  env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

for (const name of ['production', 'trial'] as const satisfies CaseName[]) {
  describe(`the container of ${name}, run on this machine`, function () {
    this.timeout(240_000);
    let mlflow: Running;
    before(async () => {
      mlflow = await start(synthesizeCase(name).template(), name);
    });
    after(() => mlflow?.close());

    it('takes traces of the application that is deployed beside it', async () => {
      const experiment = `container-${randomUUID()}`;
      const { answer } = await invokeDeployed({ MLFLOW_TRACKING_URI: mlflow.url, MLFLOW_EXPERIMENT_NAME: experiment });
      const client = new MlflowClient({ trackingUri: mlflow.url });
      const { experimentId } = (await client.getExperimentByName(experiment))!;
      const { traces } = await client.searchTraces({ experimentIds: [experimentId] });
      expect(traces).to.have.length(1);
      const { info } = await client.getTrace(traces[0]!.traceId);
      expect(info.responsePreview).to.equal(answer);
      expect(info.state).to.equal('OK');
      await client.close();
    });

    it('keeps artifacts in the bucket, below the prefix that its role may use', async () => {
      const path = `0/${randomUUID()}/artifacts/a.txt`;
      const put = { method: 'PUT', body: 'kept' };
      const stored = await fetch(`${mlflow.url}/api/2.0/mlflow-artifacts/artifacts/${path}`, put);
      expect(stored.status).to.equal(200);
      const read = 'import boto3,os,sys; print(boto3.client("s3",endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"]).get_object(Bucket=sys.argv[1],Key=sys.argv[2])["Body"].read().decode())';
      const { stdout } = await run(mlflow.python, ['-c', read, BUCKET, `artifacts/${path}`], {
        env: { ...process.env, ...mlflow.env },
      });
      expect(stdout.trim()).to.equal('kept');
    });

    it('answers to the name of the load balancer and to localhost, and to no other', async () => {
      const status = (host: string): Promise<number> => statusOf(`${mlflow.url}/api/2.0/mlflow/experiments/get?experiment_id=0`, host);
      expect(await status(mlflow.host)).to.equal(200);
      expect(await status('localhost:8080')).to.equal(200);
      expect(await status('attacker.example')).to.equal(403);
    });
  });
}
