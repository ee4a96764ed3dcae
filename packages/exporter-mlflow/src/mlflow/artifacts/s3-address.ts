import { ownText, say } from '../../common/shown-text.js';
import { encodePath, type RestResult } from '../rest.js';

/** A folder in a bucket. */
export interface S3Location {
  readonly bucket: string;
  /** The start of the keys of its files, as it is in S3: not percent-encoded. */
  readonly prefix: string;
}

/** Where a bucket is reached. */
interface S3Address {
  /** Without a trailing slash. */
  readonly origin: string;
  /** Path of the bucket: empty, or with a leading slash. */
  readonly path: string;
}

const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;
// Names that a certificate for *.s3.<region>.amazonaws.com covers, and a host name may have.
const HOST_LABEL = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const REGION = /^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/;

/** Reads `s3://<bucket>/<key>`. Undefined if it names no bucket. */
export function parseS3Location(location: string): S3Location | undefined {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(location) ?? [];
  if (!BUCKET.test(bucket)) return undefined;
  return { bucket, prefix: key === '' || key.endsWith('/') ? key : `${key}/` };
}

/** Whether the text is the name of a region, which may become a part of a host name. */
export function isRegion(text: string): boolean {
  return REGION.test(text);
}

/**
 * The region with which to begin: that of a tracking server in SageMaker, or of the environment. S3 names the right one
 * in its refusal.
 */
export function firstRegion(trackingUrl: string, env: NodeJS.ProcessEnv): string {
  const host = new URL(trackingUrl).hostname;
  const [, server, app] =
    /^(?:([a-z0-9-]+)\.experiments\.sagemaker|mlflow\.sagemaker\.([a-z0-9-]+)\.app)\.aws$/.exec(host) ?? [];
  const wanted = [server, app, env['AWS_REGION'], env['AWS_DEFAULT_REGION']];
  return wanted.find((region) => region !== undefined && isRegion(region)) ?? 'us-east-1';
}

/**
 * Where this bucket is reached. As in Python's client, an endpoint of the environment counts first:
 * `MLFLOW_S3_ENDPOINT_URL`, then `AWS_ENDPOINT_URL_S3`, then `AWS_ENDPOINT_URL`. Fails if it is no address.
 */
export function addressOf(bucket: string, region: string, env: NodeJS.ProcessEnv): RestResult<S3Address> {
  const isIgnored = isOn(env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']);
  const variables = ['MLFLOW_S3_ENDPOINT_URL', ...(isIgnored ? [] : ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'])];
  const variable = variables.find((name) => env[name]?.trim());
  if (variable === undefined) return { kind: 'success', value: addressAtAws(bucket, region, env) };
  const endpoint = parseEndpoint(env[variable] ?? '');
  if (endpoint === undefined) {
    return {
      kind: 'configuration',
      reason: say`${ownText(variable)} is not an address that begins with http:// or https://: correct or unset it.`,
    };
  }
  const base = endpoint.pathname.replace(/\/+$/, '');
  return { kind: 'success', value: { origin: endpoint.origin, path: `${base}/${encodePath(bucket)}` } };
}

/** @see https://docs.aws.amazon.com/general/latest/gr/s3.html */
function addressAtAws(bucket: string, region: string, env: NodeJS.ProcessEnv): S3Address {
  const fips = isOn(env['AWS_USE_FIPS_ENDPOINT']) ? '-fips' : '';
  const dualstack = isOn(env['AWS_USE_DUALSTACK_ENDPOINT']) ? '.dualstack' : '';
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const host = `s3${fips}${dualstack}.${region}.${suffix}`;
  return HOST_LABEL.test(bucket)
    ? { origin: `https://${bucket}.${host}`, path: '' }
    : { origin: `https://${host}`, path: `/${encodePath(bucket)}` };
}

function parseEndpoint(text: string): URL | undefined {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) ? url : undefined;
}

function isOn(value: string | undefined): boolean {
  return /^(?:true|1)$/i.test(value ?? '');
}
