import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { expect } from 'chai';
import { runNode } from 'testing/run.js';
import { readSettings } from '../src/settings.js';
import { temporaryFolder } from '../src/temporary.js';
import { CASES, type CaseName } from './support/cases.js';
import { type StackTemplate, synthesize, synthesizeCase } from './support/synthesize.js';

const FOLDER = resolve(import.meta.dirname, '..');
const CDK = resolve(FOLDER, 'node_modules/aws-cdk/bin/cdk');

describe('CDK app', function () {
  this.timeout(180_000);

  for (const name of Object.keys(CASES) as CaseName[]) {
    it(`synthesizes ${name} offline and without a finding of cdk-nag`, () => {
      const { assembly } = synthesizeCase(name);
      // Values that synthesis would have to request from AWS.
      expect(assembly.manifest.missing).to.equal(undefined);
      expect(findings(assembly.directory)).to.deep.equal([]);
    });
  }

  it('fails on a finding of cdk-nag that it does not accept', () => {
    const withOpenBucket = (app: App): void => void new Bucket(new Stack(app, 'open'), 'Bucket');
    expect(() => silently(() => synthesize({}, withOpenBucket))).to.throw('Validation failed');
  });

  it('gives a reason for every finding that it accepts', () => {
    for (const name of Object.keys(CASES) as CaseName[]) {
      const { assembly } = synthesizeCase(name);
      const accepted = assembly.stacks.flatMap((stack) =>
        Object.values(stack.metadata ?? {})
          .flat()
          .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY),
      );
      expect(accepted, name).to.not.be.empty;
      for (const { data } of accepted)
        for (const reason of Object.values(data as object)) expect(reason).to.match(/\w+ \w+ \w+/);
    }
  });

  const snapshots: [CaseName, string][] = [
    ['trial', 'trial'],
    ['production', 'production'],
    ['tracking server of SageMaker', 'sagemaker-server'],
    ['app of SageMaker, which goes with its data', 'sagemaker-app'],
  ];
  for (const [name, fileName] of snapshots) {
    it(`keeps the logical ids of ${name}, because a new id would replace a resource by an empty one`, () => {
      const file = resolve(FOLDER, `test/snapshots/${fileName}.txt`);
      const actual = listing(synthesizeCase(name).template());
      if (process.env['UPDATE_SNAPSHOTS']) writeFileSync(file, actual);
      expect(actual, 'Intended? Run this test again with UPDATE_SNAPSHOTS=1.').to.equal(readFileSync(file, 'utf8'));
    });
  }

  it('works with the cdk command without credentials', async () => {
    const env: NodeJS.ProcessEnv = { ...process.env, AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null' };
    for (const key of Object.keys(env)) if (/^AWS_(ACCESS|SECRET|SESSION|PROFILE)/.test(key)) delete env[key];
    const list = [
      CDK,
      'list',
      '-c',
      'stage=production',
      '-c',
      'application=true',
      '--output',
      temporaryFolder('cdk.out'),
    ];
    const { code, output } = await runNode(list, { cwd: FOLDER, env });
    expect(code, output).to.equal(0);
    expect(output).to.contain('mlflow-production\n').and.contain('mlflow-production-application');
  });
});

describe('settings of the CDK app', () => {
  const read = (context: Record<string, string>) => readSettings(new App({ context }).node);

  it('has defaults that open nothing and keep data', () => {
    expect(read({})).to.deep.equal({
      mlflow: 'fargate',
      serverSize: 'Small',
      serverVersion: undefined,
      stage: 'trial',
      allowedCidrs: [],
      allowPublicRanges: false,
      authentication: false,
      https: undefined,
      internetFacing: false,
      network: 'nat',
      portForwarding: true,
      collector: false,
      experimentId: '0',
      mlflowSecret: undefined,
      otlpBackend: undefined,
      otlpBackendSecret: undefined,
      application: false,
      modelId: 'amazon.nova-lite-v1:0',
      maintenance: false,
      removeData: false,
    });
  });

  const https = { certificateArn: 'arn:aws:acm:eu-central-1:111111111111:certificate/x', domainName: 'a.example' };
  /** All of them without those of private networks. */
  const ALL = '4,256,038,912';
  const SMALL_RANGES = Array.from({ length: 257 }, (_, index) => `52.${index >> 8}.${index & 255}.0/24`).join();
  const refusals: [string, Record<string, string>, string][] = [
    ['a typing error', { stag: 'production' }, 'Unknown setting stag. Use one of: mlflow, '],
    ['another stage', { stage: 'prod' }, 'stage is "prod". Use one of: trial, production.'],
    ['a flag that is neither true nor false', { removeData: 'yes' }, 'removeData is "yes". Use one of: true, false.'],
    [
      'another MLflow',
      { mlflow: 'sagemaker' },
      'mlflow is "sagemaker". Use one of: fargate, sagemaker-server, sagemaker-app.',
    ],
    [
      'settings for networks and tasks if SageMaker runs MLflow',
      {
        mlflow: 'sagemaker-server',
        stage: 'trial',
        authentication: 'true',
        collector: 'true',
        allowedCidrs: '10.8.0.0/16',
      },
      'These settings have no effect with mlflow=sagemaker-server, because SageMaker runs MLflow: stage, allowedCidrs, authentication, collector. Leave them out.',
    ],
    [
      'the size of an app, which has none',
      { mlflow: 'sagemaker-app', serverSize: 'Large' },
      'These settings need a tracking server: serverSize. Add -c mlflow=sagemaker-server, or leave them out.',
    ],
    [
      'a size that SageMaker has not',
      { mlflow: 'sagemaker-server', serverSize: 'small' },
      'serverSize is "small". Use one of: Small,',
    ],
    [
      'a word as a version',
      { mlflow: 'sagemaker-server', serverVersion: 'newest' },
      'serverVersion is "newest". Use a version',
    ],
    ['half of HTTPS', { domainName: 'a.example' }, 'HTTPS needs both certificateArn and domainName'],
    ['an address without a range', { allowedCidrs: '10.8.0.1' }, 'allowedCidrs has 10.8.0.1. Use ranges such as'],
    ['a range with an impossible address', { allowedCidrs: '10.8.0.256/16' }, 'allowedCidrs has 10.8.0.256/16. Use'],
    ['a range with an impossible length', { allowedCidrs: '10.8.0.0/33' }, 'allowedCidrs has 10.8.0.0/33. Use'],
    ['a range that may be octal', { allowedCidrs: '010.0.0.0/8' }, 'allowedCidrs has 010.0.0.0/8. Use'],
    ['an empty range', { allowedCidrs: '10.8.0.0/16,' }, 'allowedCidrs has . Use'],
    ['the whole internet of IPv6', { allowedCidrs: '::/0' }, 'The load balancer has no IPv6 address'],
    [
      'the whole internet',
      { allowedCidrs: '0.0.0.0/0' },
      `allowedCidrs has 0.0.0.0/0, which is too wide: ${ALL} addresses of the internet. Name only your own`,
    ],
    [
      'the whole internet in halves',
      { allowedCidrs: '0.0.0.0/1,128.0.0.0/1' },
      `allowedCidrs has 0.0.0.0/1, 128.0.0.0/1, which is too wide: ${ALL} addresses`,
    ],
    [
      'a large range of the internet',
      { allowedCidrs: '52.0.0.0/8' },
      'which is too wide: 16,777,216 addresses of the internet',
    ],
    [
      'many small ranges of the internet',
      { allowedCidrs: SMALL_RANGES },
      'allowedCidrs has 257 ranges, which is too wide: 65,792 addresses of the internet',
    ],
    [
      'a range around a private one',
      { allowedCidrs: '10.0.0.0/7' },
      'which is too wide: 16,777,216 addresses of the internet',
    ],
    [
      'the whole internet without passwords',
      { allowedCidrs: '0.0.0.0/0', allowPublicRanges: 'true' },
      'and MLflow asks for no password. Add -c authentication=true, or name your own networks.',
    ],
    [
      'passwords from the internet in plain text',
      { allowedCidrs: '0.0.0.0/0', allowPublicRanges: 'true', authentication: 'true' },
      'and passwords would cross it in plain text. Add certificateArn and domainName.',
    ],
    [
      'a Collector for the whole internet',
      {
        ...{ allowedCidrs: '0.0.0.0/0', allowPublicRanges: 'true', authentication: 'true', ...https },
        ...{ collector: 'true', mlflowSecret: 'a' },
      },
      'and the Collector asks for no password. Leave out -c collector=true.',
    ],
    ['public ranges if there are none', { allowPublicRanges: 'true' }, 'allowPublicRanges has no effect'],
    [
      'a Collector without a password for MLflow',
      { authentication: 'true', collector: 'true' },
      'authentication with a Collector needs mlflowSecret',
    ],
    [
      'an application without a user',
      { authentication: 'true', application: 'true' },
      'application does not work with authentication',
    ],
    [
      'settings for a Collector without a Collector',
      { experimentId: '7', otlpBackend: 'https://otlp.example.com' },
      'These settings need a Collector: experimentId, otlpBackend. Add -c collector=true.',
    ],
    [
      'the name of an experiment instead of its number',
      { collector: 'true', experimentId: 'agents' },
      'Use the number of the experiment',
    ],
    [
      'a secret without an endpoint',
      { collector: 'true', otlpBackendSecret: 'a' },
      'otlpBackendSecret needs otlpBackend',
    ],
    ['plain text on the internet', { internetFacing: 'true' }, 'internetFacing needs certificateArn and domainName'],
    ['access for the whole internet', { internetFacing: 'true', ...https }, 'internetFacing needs allowedCidrs'],
    [
      'a Collector that cannot reach MLflow',
      { internetFacing: 'true', ...https, allowedCidrs: '203.0.113.0/24', collector: 'true' },
      'internetFacing does not work with collector or application',
    ],
  ];
  it('accepts private networks of any size, and the public addresses of an office', () => {
    const allowedCidrs = '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,203.0.113.0/24,198.51.100.7/32';
    expect(read({ allowedCidrs }).allowedCidrs).to.have.length(6);
  });

  for (const [what, context, message] of refusals) {
    it(`refuses ${what}`, () => expect(() => read(context)).to.throw(message));
  }
});

function findings(directory: string): string[] {
  const report = JSON.parse(readFileSync(resolve(directory, 'validation-report.json'), 'utf8')) as {
    pluginReports: { violations: { ruleName: string; severity: string }[] }[];
  };
  return report.pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName));
}

function listing({ Resources }: StackTemplate): string {
  const lines = Object.entries(Resources).map(([id, { Type, DeletionPolicy }]) =>
    [Type, id, ...(DeletionPolicy ? [DeletionPolicy] : [])].join(' '),
  );
  return `${lines.sort().join('\n')}\n`;
}

/** Hides CDK's output, because CDK prints its findings. */
function silently(run: () => void): void {
  const write = process.stderr.write;
  process.stderr.write = () => true;
  try {
    run();
  } finally {
    process.stderr.write = write;
  }
}
