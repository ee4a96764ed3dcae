import type { Environment } from '../../common/environment.js';
import { findings, type Result } from '../model/result.js';

const { ok, warning, problem } = findings('aws');

/** Any of these is a source of credentials. */
const SOURCES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_BEARER_TOKEN_BEDROCK',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];
const ENDPOINTS = [
  'AWS_ENDPOINT_URL_BEDROCK_RUNTIME',
  'AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME',
  'AWS_ENDPOINT_URL_BEDROCK_AGENTCORE',
  'AWS_ENDPOINT_URL',
];

/** Checks whether region and credentials of AWS are configured. It does not use them. */
export function checkAws(env: Environment, { hasAwsFiles }: { readonly hasAwsFiles: boolean }): Result[] {
  const isSet = (name: string): boolean => Boolean(env[name]?.trim());
  const results: Result[] = [];
  if (isSet('AWS_ACCESS_KEY_ID') !== isSet('AWS_SECRET_ACCESS_KEY')) {
    const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];
    const [present, missing] = isSet('AWS_ACCESS_KEY_ID') ? names : names.reverse();
    results.push(
      problem(`${present} is set without ${missing}, so AWS gets no credentials of it.`, `Set ${missing}, too.`),
    );
  }
  const sources = SOURCES.filter(isSet);
  if (sources.length === 0 && !hasAwsFiles) {
    results.push(
      warning(
        'No credentials of AWS are configured in environment variables or in ~/.aws.',
        'Run "aws configure" or set AWS_PROFILE, unless the machine has a role or the code passes credentials.',
      ),
    );
  }
  if (!isSet('AWS_REGION') && !hasAwsFiles) {
    results.push(
      warning(
        isSet('AWS_DEFAULT_REGION')
          ? 'AWS_DEFAULT_REGION is set without AWS_REGION, and the AWS SDK for JavaScript reads only AWS_REGION.'
          : 'No region of AWS is configured.',
        'Set AWS_REGION, for example to us-east-1, unless the code passes a region.',
      ),
    );
  }
  if (results.length === 0) {
    const from = sources.length > 0 ? sources.join(', ') : 'files in ~/.aws';
    results.push(ok(`Region and credentials of AWS are configured (${from}).`));
  }
  const endpoints = ENDPOINTS.filter(isSet);
  if (endpoints.length > 0) results.push(ok(`${endpoints.join(', ')} replaces the endpoint of AWS.`));
  return results;
}
