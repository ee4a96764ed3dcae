/** Traces whose files this package writes to S3 itself, because the tracking server does not serve them. */

import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { MlflowClient, MlflowError, MlflowSpanExporter, type MlflowSpanExporterConfig } from '../../src/index.js';
import { addressOf, firstRegion, parseS3Location } from '../../src/mlflow/artifacts/s3-address.js';
import { eachTest } from '../support/each-test.js';
import { eachEnvironment } from '../support/environment.js';
import type { Answer, LocalServer, ReceivedRequest } from '../support/local-server.js';
import { exportSpans, FAILED, recordSpans, SUCCESS } from '../support/tracing.js';

describe('the address of a bucket', () => {
  const at = (bucket: string, region: string, env: NodeJS.ProcessEnv = {}): string => {
    const address = addressOf(bucket, region, env);
    return address.kind === 'success' ? `${address.value.origin} ${address.value.path}` : address.reason;
  };

  it('has the bucket in its host name', () => {
    expect(at('traces', 'us-east-1')).to.equal('https://traces.s3.us-east-1.amazonaws.com ');
    expect(at('traces', 'us-gov-west-1')).to.equal('https://traces.s3.us-gov-west-1.amazonaws.com ');
    expect(at('traces', 'cn-north-1')).to.equal('https://traces.s3.cn-north-1.amazonaws.com.cn ');
  });

  it('has the bucket in its path if no certificate covers the name', () => {
    for (const bucket of ['my.traces', 'My_traces']) {
      expect(at(bucket, 'eu-west-1')).to.equal(`https://s3.eu-west-1.amazonaws.com /${bucket}`);
    }
  });

  it('follows the variables of the AWS SDK for FIPS and IPv6', () => {
    const env = { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'true' };
    expect(at('traces', 'us-east-1', env)).to.equal('https://traces.s3-fips.dualstack.us-east-1.amazonaws.com ');
  });

  it('is below an endpoint of the environment, and the one for MLflow wins', () => {
    const env: NodeJS.ProcessEnv = { AWS_ENDPOINT_URL: 'http://any:1/' };
    expect(at('traces', 'us-east-1', env)).to.equal('http://any:1 /traces');
    env['AWS_ENDPOINT_URL_S3'] = 'http://s3:2';
    expect(at('traces', 'us-east-1', env)).to.equal('http://s3:2 /traces');
    expect(at('traces', 'eu-west-1', { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })).to.contain('amazonaws');
    env['MLFLOW_S3_ENDPOINT_URL'] = 'https://minio:3/s3/';
    expect(at('traces', 'us-east-1', env)).to.equal('https://minio:3 /s3/traces');
    env['MLFLOW_S3_ENDPOINT_URL'] = 'minio:9000';
    expect(at('traces', 'us-east-1', env)).to.equal(
      'MLFLOW_S3_ENDPOINT_URL is not an address that begins with http:// or https://: correct or unset it.',
    );
  });

  it('begins with the region of SageMaker’s server, else with that of the environment', () => {
    expect(firstRegion('https://eu-west-1.experiments.sagemaker.aws', { AWS_REGION: 'x' })).to.equal('eu-west-1');
    expect(firstRegion('https://mlflow.sagemaker.us-gov-east-1.app.aws', {})).to.equal('us-gov-east-1');
    expect(firstRegion('http://localhost:5000', { AWS_REGION: 'ap-south-1' })).to.equal('ap-south-1');
    expect(firstRegion('http://localhost:5000', { AWS_DEFAULT_REGION: 'eu-north-1' })).to.equal('eu-north-1');
    expect(firstRegion('http://localhost:5000', { AWS_REGION: 'evil.example/' })).to.equal('us-east-1');
  });

  it('comes from a location that names a bucket', () => {
    expect(parseS3Location('s3://traces')).to.deep.equal({ bucket: 'traces', prefix: '' });
    expect(parseS3Location('s3://traces/a b+c/Köln/')).to.deep.equal({ bucket: 'traces', prefix: 'a b+c/Köln/' });
    for (const location of ['s3:', 's3:///key', 's3://user@host/key', 's3://arn:aws:s3:::x/key']) {
      expect(parseS3Location(location), location).to.equal(undefined);
    }
  });
});

const SECRET = 'c2VjcmV0/of+the/key0000000000000000000000';
const KEY = { accessKeyId: 'AKIAEXAMPLEKEY000001', secretAccessKey: SECRET, sessionToken: 'token/of+the+session=' };
const OK: Answer = { status: 200, body: '' };

describe('a trace whose file is in S3', () => {
  const { log, closing, startServer } = eachTest();
  eachEnvironment(/^(?:AWS_(?:DEFAULT_)?REGION|AWS_ENDPOINT_URL|MLFLOW_S3_)/);

  /** A tracking server without OTLP and without artifacts of its own, and an S3 that answers like this. */
  async function start(
    s3: (request: ReceivedRequest) => Answer,
    config: MlflowSpanExporterConfig = {},
  ): Promise<{ exporter: MlflowSpanExporter; client: MlflowClient; storage: LocalServer; traceId: () => string }> {
    const storage = await startServer(s3);
    process.env['AWS_ENDPOINT_URL_S3'] = storage.url;
    let traceId = '';
    const server = await startServer(({ method, path, body }) => {
      if (path === '/v1/traces') return { status: 501 };
      if (path.startsWith('/api/3.0/mlflow/traces/get')) return { status: 501 };
      if (!path.startsWith('/api/3.0/mlflow/traces')) return undefined;
      if (method === 'POST') traceId = JSON.parse(body.toString()).trace.trace_info.trace_id;
      const info = {
        trace_id: traceId,
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '7' } },
        request_time: '2026-11-30T00:00:00Z',
        state: 'OK',
        tags: { 'mlflow.artifactLocation': `s3://traces/a b+c/Köln/7/traces/${traceId}/artifacts` },
      };
      return { status: 200, body: JSON.stringify({ trace: { trace_info: info } }) };
    });
    const connection = {
      trackingUri: server.url,
      credentials: KEY,
      retry: { initialBackoffMillis: 0 },
      token: 'tracking',
    };
    const exporter = new MlflowSpanExporter({ ...connection, ...config });
    const client = new MlflowClient(connection);
    closing.push(
      () => exporter.shutdown(),
      () => client.close(),
    );
    return { exporter, client, storage, traceId: () => traceId };
  }
  const span = () => recordSpans((tracer) => tracer.startSpan('call', { attributes: { text: 'Grüße' } }).end());
  const refuse = (status: number, code: string, message: string, more = '', headers = {}): Answer => ({
    status,
    headers: { 'content-type': 'application/xml', ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}<RequestId>4442587FB7D0A2F9</RequestId></Error>`,
  });

  it('is written by one signed request, without credentials of the tracking server', async () => {
    const { exporter, storage, traceId } = await start(() => OK);
    expect((await exportSpans(exporter, span())).code).to.equal(SUCCESS);
    expect(storage.requests).to.have.length(1);
    const [{ method, path, headers, body } = {} as ReceivedRequest] = storage.requests;
    expect(method).to.equal('PUT');
    expect(path).to.equal(`/traces/a%20b%2Bc/K%C3%B6ln/7/traces/${traceId()}/artifacts/traces.json`);
    expect(JSON.parse(body.toString()).spans[0].attributes.text).to.equal('"Grüße"');
    expect(headers).to.include({
      'content-type': 'application/json',
      'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
      'x-amz-security-token': KEY.sessionToken,
    });
    expect(headers.authorization).to.match(
      /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLEKEY000001\/\d{8}\/us-east-1\/s3\/aws4_request, /,
    );
    expect(JSON.stringify(headers)).not.to.contain('tracking');
  });

  it('reads back', async () => {
    let file = '';
    const { exporter, client, traceId } = await start(({ method, body }) => {
      if (method === 'PUT') file = body.toString();
      return { status: 200, body: method === 'PUT' ? '' : file };
    });
    await exportSpans(exporter, span());
    const { spans } = await client.getTrace(traceId());
    expect(spans.map(({ name, attributes }) => [name, attributes['text']])).to.deep.equal([['call', 'Grüße']]);
  });

  it('has no spans until the file is there', async () => {
    const { exporter, client, traceId } = await start(({ method }) =>
      method === 'PUT' ? OK : refuse(404, 'NoSuchKey', 'The specified key does not exist.'),
    );
    await exportSpans(exporter, span());
    expect((await client.getTrace(traceId())).spans).to.deep.equal([]);
  });

  const REGION_REFUSALS: Readonly<Record<string, Answer>> = {
    'by a header': refuse(301, 'PermanentRedirect', 'The bucket is elsewhere.', '', {
      'x-amz-bucket-region': 'eu-west-1',
    }),
    'in its text': refuse(400, 'AuthorizationHeaderMalformed', 'The region is wrong', '<Region>eu-west-1</Region>'),
  };
  for (const [how, refusal] of Object.entries(REGION_REFUSALS)) {
    it(`goes to the region that S3 names ${how}, and later ones go there at once`, async () => {
      const regionOf = ({ headers }: ReceivedRequest): string | undefined => headers.authorization?.split('/')[2];
      const { exporter, storage } = await start((request) => (regionOf(request) === 'eu-west-1' ? OK : refusal));
      for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, span())).code).to.equal(SUCCESS);
      expect(storage.requests.map(regionOf)).to.deep.equal(['us-east-1', 'eu-west-1', 'eu-west-1']);
      expect(log.lines.join('\n')).not.to.contain('region');
    });
  }

  it('is stored as the variables of Python’s client ask for', async () => {
    process.env['MLFLOW_S3_EXPECTED_BUCKET_OWNER'] = '123456789012';
    process.env['MLFLOW_S3_UPLOAD_EXTRA_ARGS'] = '{"ServerSideEncryption":"aws:kms","BucketKeyEnabled":true}';
    const { exporter, storage } = await start(() => OK);
    expect((await exportSpans(exporter, span())).code).to.equal(SUCCESS);
    const [{ headers } = {} as ReceivedRequest] = storage.requests;
    expect(headers).to.include({
      'x-amz-expected-bucket-owner': '123456789012',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
    });
    expect(headers.authorization).to.match(/SignedHeaders=[^,]*;x-amz-server-side-encryption;/);

    process.env['MLFLOW_S3_UPLOAD_EXTRA_ARGS'] = '{"Metadata":{"a":"b"}}';
    expect((await exportSpans(exporter, span())).code).to.equal(FAILED);
    expect(log.lines.at(-1)).to.match(
      /MLFLOW_S3_UPLOAD_EXTRA_ARGS is not a JSON object of texts with the names ACL, .*: correct it\./,
    );
    expect(storage.requests).to.have.length(1);
  });

  it('waits for an outage of S3 to end', async () => {
    let attempts = 0;
    const { exporter, storage } = await start(() =>
      ++attempts < 3 ? refuse(503, 'SlowDown', 'Please reduce your request rate.') : OK,
    );
    expect((await exportSpans(exporter, span())).code).to.equal(SUCCESS);
    expect(storage.requests).to.have.length(3);
  });

  const folder = 's3://traces/a b+c/Köln/7/traces/';
  const denied = (action: string): string =>
    `User: arn:aws:iam::123456789012:user/sender is not authorized to perform: ${action} on resource: &quot;arn:aws:x&quot;. <CanonicalRequest>secret`;
  const REFUSALS: readonly (readonly [answer: Answer, line: string])[] = [
    [
      refuse(404, 'NoSuchBucket', 'The specified bucket does not exist'),
      'The bucket traces, in which MLflow keeps spans, does not exist (NoSuchBucket: The specified bucket does not exist): create it, or correct the artifact root of the tracking server.',
    ],
    [
      refuse(403, 'AccessDenied', 'Access Denied'),
      `S3 does not let this identity write to ${folder} (AccessDenied: Access Denied): allow s3:PutObject there in its IAM policy, and check the policy of the bucket.`,
    ],
    [
      refuse(403, 'AccessDenied', denied('kms:GenerateDataKey').replace(/<.*/, '')),
      `S3 cannot use the KMS key of ${folder} for this identity (AccessDenied: User: arn:aws:iam::123456789012:user/sender is not authorized to perform: kms:GenerateDataKey on resource: "arn:aws:x"): allow kms:GenerateDataKey on the key, in its policy and in the identity's.`,
    ],
    [
      refuse(400, 'ExpiredToken', 'The provided token has expired.', `<Token-0>${KEY.sessionToken}</Token-0>`),
      `The AWS credentials for ${folder} have expired (ExpiredToken: The provided token has expired): renew them, for example with "aws sso login".`,
    ],
    [
      refuse(
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        `<AWSAccessKeyId>${KEY.accessKeyId}</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256</StringToSign>`,
      ),
      `S3 does not accept the AWS credentials for ${folder} (SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided): check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile.`,
    ],
    [
      refuse(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.'),
      'The clock of this machine differs too much from that of S3 (RequestTimeTooSkewed: The difference between the request time and the current time is too large): correct the clock.',
    ],
    [
      refuse(
        301,
        'PermanentRedirect',
        'The bucket you are attempting to access must be addressed using the specified endpoint.',
      ),
      'The bucket traces is in another region (PermanentRedirect: The bucket you are attempting to access must be addressed using the specified endpoint): set AWS_REGION to the region of the bucket.',
    ],
    [refuse(400, 'EntityTooLarge', 'Too large.'), `S3 refuses to write to ${folder} (EntityTooLarge: Too large).`],
    [
      { status: 403, body: '<html>forbidden' },
      `S3 does not let this identity write to ${folder} (HTTP403): allow s3:PutObject there in its IAM policy, and check the policy of the bucket.`,
    ],
  ];
  for (const [answer, line] of REFUSALS) {
    it(`is lost with a reason: ${line.slice(0, 60)}…`, async () => {
      const { exporter, storage } = await start(() => answer);
      for (let n = 0; n < 2; n++) expect((await exportSpans(exporter, span())).code).to.equal(FAILED);
      expect(storage.requests, 'each is sent once').to.have.length(2);
      const about = log.lines.filter(
        (entry) => entry.includes('S3') || entry.includes('bucket') || entry.includes('AWS'),
      );
      expect(about).to.have.length(1);
      expect(about[0]).to.contain(line);
      for (const secret of [SECRET, KEY.sessionToken, 'CanonicalRequest', 'StringToSign']) {
        expect(about[0]).not.to.contain(secret);
      }
    });
  }

  it('cannot be read without s3:GetObject', async () => {
    const { exporter, client, traceId } = await start(({ method }) =>
      method === 'PUT' ? OK : refuse(403, 'AccessDenied', 'Access Denied'),
    );
    await exportSpans(exporter, span());
    const failure = await client.getTrace(traceId()).catch((error: unknown) => error);
    expect(failure)
      .to.be.instanceOf(MlflowError)
      .and.include({
        message: `S3 does not let this identity read from ${folder} (AccessDenied: Access Denied): allow s3:GetObject there in its IAM policy, and check the policy of the bucket. Or the file does not exist: with s3:ListBucket on the bucket, S3 would say so.`,
      });
  });

  it('says that it is S3 which cannot be reached', async () => {
    const { exporter } = await start(() => (response) => void response.destroy(), { timeoutMillis: 300 });
    expect((await exportSpans(exporter, span())).code).to.equal(FAILED);
    expect(log.lines.join('\n')).to.match(/S3 at http:\/\/127\.0\.0\.1:\d+ cannot be reached/);
  });
});
