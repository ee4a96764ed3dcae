import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Region, replaceRegion } from 'testing/markdown.js';
import {
  type ManagedMlflowArns,
  readerStatements,
  type Statement,
  senderStatements,
} from '../../examples/cdk-fargate/src/sagemaker-policies.js';

const REGION: Region = { page: 'docs/managed-mlflow.md', name: 'policies', command: 'npm run docs' };
export const MANAGED_MLFLOW_DOCS: string = join(resolve(import.meta.dirname, '../..'), REGION.page);

const ACCOUNT = 'arn:aws:sagemaker:us-east-1:123456789012';
const TRACES = 'arn:aws:s3:::my-bucket/artifacts/*/traces/*';
const SERVER: ManagedMlflowArns = {
  kind: 'server',
  mlflow: `${ACCOUNT}:mlflow-tracking-server/my-server`,
  traces: TRACES,
};
const APP: ManagedMlflowArns = { kind: 'app', mlflow: `${ACCOUNT}:mlflow-app/app-ABCDEFGHIJKL`, traces: TRACES };

/**
 * Returns `docs/managed-mlflow.md` with the policies of the CDK app.
 *
 * @throws Error if the page has no place for them
 */
export function managedMlflowDocs(): string {
  const policies = [
    policy('Sender to a tracking server', senderStatements(SERVER)),
    policy('Sender to an app', senderStatements(APP)),
    policy('Reader of a tracking server', readerStatements(SERVER)),
    policy('Reader of an app', readerStatements(APP)),
  ];
  return replaceRegion(readFileSync(MANAGED_MLFLOW_DOCS, 'utf8'), REGION, policies.join('\n\n'));
}

function policy(title: string, statements: readonly Statement[]): string {
  const json = JSON.stringify({ Version: '2012-10-17', Statement: statements }, undefined, 2);
  return `### ${title}\n\n\`\`\`json\n${json}\n\`\`\``;
}
