/** The program `mlflow-bedrock doctor`: arguments, report and exit code, and what it says about packages and variables. */

import { expect } from 'chai';
import { parseArguments } from '../../src/doctor/arguments.js';
import { bounded } from '../../src/doctor/bounded.js';
import { checkAws } from '../../src/doctor/checks/aws.js';
import { checkEnvironment } from '../../src/doctor/checks/environment.js';
import { explainFailure } from '../../src/doctor/checks/failure.js';
import { checkEnvFile, checkNode } from '../../src/doctor/checks/machine.js';
import { checkPackages, PACKAGES_OF_INTEREST } from '../../src/doctor/checks/packages.js';
import { lookAtMachine } from '../../src/doctor/facts/machine.js';
import { findPackages } from '../../src/doctor/facts/packages.js';
import { summaryOf, textOf } from '../../src/doctor/report.js';
import {
  type Application,
  COMPLETE,
  complaints,
  createApplication,
  examineIn,
  type Packages,
  resultsOf,
} from '../support/doctor.js';
import { NOBODY } from '../support/programs.js';

const SECRET = 'walnut-7-harbour';
const TOKEN = 'MLFLOW_TRACKING_TOKEN';
const [USERNAME, PASSWORD] = ['MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD'] as const;
const CONTENT = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';

describe('mlflow-bedrock doctor', function () {
  this.timeout(60_000);
  let application: Application;
  before(() => {
    application = createApplication();
  });
  after(() => application.remove());

  const env = {
    ...COMPLETE,
    MLFLOW_TRACKING_URI: NOBODY,
    [USERNAME]: 'ada',
    [PASSWORD]: SECRET,
    [TOKEN]: `t-${SECRET}`,
  };

  it('prints its report as text, and exits with 1 for a problem', async () => {
    const { code, stdout, stderr } = await application.run(['doctor'], env);
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines[0]).to.equal(`ok       Node.js ${process.versions.node} is supported.`);
    expect(lines).to.include('ok       Region and credentials of AWS are configured (AWS_ACCESS_KEY_ID).');
    expect(lines).to.include(
      'problem  MLflow at http://127.0.0.1:9 cannot be reached (connect ECONNREFUSED 127.0.0.1:9).',
    );
    expect(stdout.trimEnd().split('\n').at(-1)).to.equal('1 problem, 1 warning.');
    expect(stdout).not.to.include(SECRET);
  });

  it('prints it as JSON, with the output of the application on stderr', async () => {
    application.write('app.js', "console.log('Hello from the application.'); console.log(process.argv[2]);");
    application.write('.env.test', `OTEL_SDK_DISABLED=true\n${TOKEN}=${SECRET}\n`);
    const args = [
      'doctor',
      '--json',
      '--env-file',
      '.env.test',
      '--import',
      'mlflow-bedrock/register',
      'app.js',
      '--json',
    ];
    const { code, stdout, stderr } = await application.run(args, { ...COMPLETE, MLFLOW_TRACKING_URI: NOBODY });
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: 'Hello from the application.\n--json\n' });
    const { problems, warnings, results } = JSON.parse(stdout);
    expect({ problems, warnings }).to.deep.equal({ problems: 3, warnings: 0 });
    expect(results[0]).to.deep.equal({
      check: 'node',
      status: 'ok',
      what: `Node.js ${process.versions.node} is supported.`,
    });
    expect(stdout).not.to.include(SECRET);
  });

  it('prints its usage, and exits with 2 if the command is wrong', async () => {
    const help = await application.run(['--help'], COMPLETE);
    expect(help.code).to.equal(0);
    expect(help.stdout).to.match(/^Usage: npx mlflow-bedrock doctor \[options\] \[app\.js \[arguments\]\]\n/);
    const wrong: [args: string[], message: string][] = [
      [['doctor', 'missing.js'], 'There is no file missing.js.'],
      [['doctor', '--fast'], 'There is no option "--fast".'],
    ];
    for (const [args, message] of wrong) {
      const { code, stdout, stderr } = await application.run(args, COMPLETE);
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
      expect(stderr).to.equal(`${message}\n\n${help.stdout}`);
    }
  });

  it('shows no secret of any variable', async () => {
    const address = `http://ada:${SECRET}@127.0.0.1:9/?token=${SECRET}`;
    const names = ['HTTP_PROXY', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'AWS_ENDPOINT_URL', 'OPENAI_BASE_URL'];
    const results = await examineIn(application.folder, {
      ...COMPLETE,
      ...Object.fromEntries(names.map((name) => [name, address])),
      MLFLOW_TRACKING_URI: address,
      OTEL_EXPORTER_OTLP_ENDPOINT: `no address ${SECRET}`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${SECRET}`,
      OTEL_RESOURCE_ATTRIBUTES: `key=${SECRET}`,
      NODE_OPTIONS: `--title=${SECRET}`,
      MLFLOW_WORKSPACE: SECRET,
      AWS_SESSION_TOKEN: SECRET,
    });
    expect(results.filter(({ status }) => status === 'problem')).to.have.length(1);
    expect(JSON.stringify(results)).not.to.include(SECRET);
  });

  it('reports a check that takes too long or fails, without the words of the error', async () => {
    const late = await bounded('clock', 50, () => new Promise<never>(() => {}));
    const failed = await bounded('clock', 50, () => Promise.reject(new RangeError(SECRET)));
    expect(complaints([...late, ...failed])).to.deep.equal([
      'problem: The check "clock" took longer than 0.05 s. -> Run the doctor again on a less busy machine.',
      'problem: The check "clock" failed (RangeError). -> Please report this as a bug of mlflow-bedrock.',
    ]);
  });

  it('reads its own options before the name of the application', () => {
    const run = { run: true, trace: true, json: false, timeoutSeconds: 30 };
    expect(parseArguments(['doctor'])).to.deep.equal({
      kind: 'doctor',
      options: { ...run, nodeOptions: [], application: [] },
    });
    expect(
      parseArguments([
        'doctor',
        '--no-trace',
        '--timeout=5',
        '--require',
        './a.cjs',
        '--import=b',
        'app.js',
        '--json',
        'x',
      ]),
    ).to.deep.equal({
      kind: 'doctor',
      options: {
        ...run,
        trace: false,
        timeoutSeconds: 5,
        nodeOptions: ['--require', './a.cjs', '--import', 'b'],
        application: ['app.js', '--json', 'x'],
      },
    });
    const messages = [[], ['check'], ['doctor', '--fast'], ['doctor', '--import'], ['doctor', '--timeout', 'long']].map(
      (args) => {
        const parsed = parseArguments(args);
        return parsed.kind === 'wrong' ? parsed.message : parsed.kind;
      },
    );
    expect(messages).to.deep.equal([
      'The command is missing.',
      'There is no command "check".',
      'There is no option "--fast".',
      'The option --import needs a value.',
      '--timeout is not a number of seconds up to 3600.',
    ]);
  });

  it('counts what it found', () => {
    expect(summaryOf([])).to.equal('No problems found.');
    const warning = { check: 'node', status: 'warning', what: 'Old.', todo: 'Update.' } as const;
    expect(summaryOf([warning, warning])).to.equal('2 warnings.');
    expect(textOf(warning)).to.equal('warning  Old.\n         -> Update.');
  });
});

describe('the doctor looks at the packages of an application', () => {
  const API = '@opentelemetry/api';
  const SDK = '@aws-sdk/client-bedrock-runtime';
  const GOOD = { 'mlflow-bedrock': '1.0.0', [API]: '1.9.1', [SDK]: '3.1162.0' };

  const complaintsAbout = (packages: Packages, nodeVersion = '24.0.0'): string[] => {
    const application = createApplication(packages);
    try {
      const found = complaints(checkPackages(findPackages(application.folder, PACKAGES_OF_INTEREST), nodeVersion));
      return found.map((text) => text.replaceAll(application.folder, '/app'));
    } finally {
      application.remove();
    }
  };

  it('and finds no fault with one copy of each, nor with a set-up without autolog()', () => {
    expect(complaintsAbout(GOOD)).to.deep.equal([]);
    const parts = { 'opentelemetry-instrumentation-bedrock': '1.0.0', 'opentelemetry-exporter-mlflow': '1.0.0' };
    expect(complaintsAbout({ ...parts, [API]: '1.9.1', [SDK]: '3.1162.0' })).to.deep.equal([]);
  });

  it('and names what is missing', () => {
    expect(complaintsAbout({ [API]: '1.9.1' })).to.deep.equal([
      'problem: mlflow-bedrock is not a dependency of the application in /app. -> Run "npm install mlflow-bedrock @opentelemetry/api" there.',
    ]);
    expect(complaintsAbout({ 'mlflow-bedrock': '1.0.0' })).to.deep.equal([
      'problem: @opentelemetry/api is not installed, and all OpenTelemetry packages need it. -> Run "npm install @opentelemetry/api".',
      'warning: The application depends on no SDK for Amazon Bedrock that the doctor knows. -> Add one to its package.json, for example with "npm install @aws-sdk/client-bedrock-runtime".',
    ]);
  });

  it('and names two versions of the API, and of this package', () => {
    expect(complaintsAbout({ ...GOOD, 'mlflow-bedrock/node_modules/@opentelemetry/api': '1.10.0' })).to.deep.equal([
      'problem: The application has several versions of @opentelemetry/api: 1.9.1 in node_modules/@opentelemetry/api, 1.10.0 in node_modules/mlflow-bedrock/node_modules/@opentelemetry/api. A package with a newer one cannot use the tracer provider of an older one. -> Ask for the same version everywhere, for example with "overrides" in package.json. "npm ls @opentelemetry/api" shows which package asks for which one.',
    ]);
    expect(complaintsAbout({ ...GOOD, shop: '2.0.0', 'shop/node_modules/mlflow-bedrock': '0.9.0' })).to.deep.equal([
      'warning: The application has several versions of mlflow-bedrock: 1.0.0 in node_modules/mlflow-bedrock, 0.9.0 in node_modules/shop/node_modules/mlflow-bedrock. -> Ask for the same version everywhere. "npm ls mlflow-bedrock" shows which package asks for which one.',
    ]);
  });

  it("and leaves those of Yarn's Plug'n'Play alone", () => {
    const application = createApplication({}, { '.pnp.cjs': '' });
    const results = checkPackages(findPackages(application.folder, PACKAGES_OF_INTEREST), '24.0.0');
    application.remove();
    expect(resultsOf(results, 'packages')).to.deep.equal([
      "skipped: The packages were not checked, because Yarn's Plug'n'Play keeps them in archives.",
    ]);
  });

  it('and finds them above the output of a build that has a package.json of its own', () => {
    const application = createApplication(GOOD, { 'dist/package.json': '{"type":"module"}' });
    const { root, packages } = findPackages(`${application.folder}/dist`, PACKAGES_OF_INTEREST);
    application.remove();
    expect({
      root,
      complaints: complaints(checkPackages({ root, packages, isPlugAndPlay: false }, '24.0.0')),
    }).to.deep.equal({
      root: application.folder,
      complaints: [],
    });
  });

  it('and names lines of OpenTelemetry that do not fit', () => {
    expect(
      complaintsAbout(
        {
          ...GOOD,
          '@opentelemetry/sdk-trace': '3.1.0',
          'mlflow-bedrock/node_modules/@opentelemetry/sdk-trace': '2.12.0',
          '@opentelemetry/sdk-trace-base': '1.30.1',
        },
        '20.19.0',
      ),
    ).to.deep.equal([
      'warning: Some packages are of OpenTelemetry 1.x: 1.30.1 in node_modules/@opentelemetry/sdk-trace-base. mlflow-bedrock works with 2.x and 3.x. -> If they register the tracer provider of the application, update them to 2.x.',
      'warning: The application mixes OpenTelemetry 2.x (2.12.0 in node_modules/mlflow-bedrock/node_modules/@opentelemetry/sdk-trace) and 3.x (3.1.0 in node_modules/@opentelemetry/sdk-trace). -> Ask for one line everywhere, with all packages of @opentelemetry/* from the same release.',
      'problem: OpenTelemetry 3.x (3.1.0 in node_modules/@opentelemetry/sdk-trace) does not run on Node.js 20.19.0. -> Use Node.js 22.15 or newer, or OpenTelemetry 2.x.',
    ]);
  });

  it('and names SDKs that are too old', () => {
    expect(complaintsAbout({ ...GOOD, [SDK]: '3.450.0', openai: '3.3.0' })).to.deep.equal([
      'problem: @aws-sdk/client-bedrock-runtime 3.450.0 in node_modules/@aws-sdk/client-bedrock-runtime is too old to be traced in full. -> Update it to 3.600 or newer: "npm install @aws-sdk/client-bedrock-runtime@latest".',
      'problem: openai 3.3.0 in node_modules/openai is too old to be traced in full. -> Update it to 4 or newer: "npm install openai@latest".',
    ]);
  });

  it('and at Node.js and a file .env that nothing reads', () => {
    const application = createApplication({}, { '.env': 'MLFLOW_TRACKING_URI=http://mlflow:5000\nOTHER=1\n' });
    const machine = lookAtMachine(application.folder, {});
    application.remove();
    expect(complaints(checkEnvFile(machine))).to.deep.equal([
      'warning: The file .env sets MLFLOW_TRACKING_URI, which this environment lacks. -> If the application reads that file, run the doctor with it: npx mlflow-bedrock doctor --env-file .env',
    ]);
    expect(complaints([checkNode({ ...machine, nodeVersion: '18.20.4' })])).to.deep.equal([
      'problem: Node.js 18.20.4 is too old. -> Use Node.js 20.19 or newer. Node.js 24 is a good choice.',
    ]);
  });
});

describe('the doctor looks at environment variables', () => {
  const cases: [env: NodeJS.ProcessEnv, ...complaints: string[]][] = [
    [
      { OTEL_SDK_DISABLED: 'TRUE' },
      'problem: OTEL_SDK_DISABLED=true switches tracing off. -> Unset OTEL_SDK_DISABLED.',
    ],
    [
      { OTEL_TRACES_SAMPLER: 'parentbased_always_off' },
      'problem: OTEL_TRACES_SAMPLER=parentbased_always_off drops all traces. -> Unset OTEL_TRACES_SAMPLER.',
    ],
    [
      { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' },
      'warning: With OTEL_TRACES_SAMPLER_ARG=0.01, only 1 % of the traces are recorded. -> Unset OTEL_TRACES_SAMPLER_ARG to record all.',
    ],
    [
      { OTEL_TRACES_SAMPLER: 'sometimes' },
      'warning: OTEL_TRACES_SAMPLER=sometimes is not one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio; all traces are recorded. -> Correct the variable.',
    ],
    [
      { MLFLOW_TRACE_SAMPLING_RATIO: '0' },
      'problem: MLFLOW_TRACE_SAMPLING_RATIO=0 drops all traces. -> Unset MLFLOW_TRACE_SAMPLING_RATIO.',
    ],
    [{ OTEL_TRACES_SAMPLER: 'always_on', MLFLOW_TRACE_SAMPLING_RATIO: '0' }],
    [
      { [CONTENT]: 'NO_CONTENT' },
      `warning: ${CONTENT} keeps prompts and answers out of the traces. -> Unset ${CONTENT} to see conversations in MLflow.`,
    ],
    [
      { OTEL_TRACES_EXPORTER: 'jaeger' },
      'warning: OTEL_TRACES_EXPORTER: jaeger is not supported and gets no spans; MLflow gets them anyway. Use otlp, console or none. -> Correct the variable.',
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:5000', MLFLOW_TRACKING_URI: 'http://localhost:5000' },
      'warning: OTEL_EXPORTER_OTLP_ENDPOINT is the address of the MLflow server, which gets the spans anyway and refuses them there. -> Unset OTEL_EXPORTER_OTLP_ENDPOINT, or set it to another backend.',
    ],
    [
      { [USERNAME]: 'ada' },
      `problem: ${USERNAME} is set without ${PASSWORD}, so it has no effect. -> Set ${PASSWORD}, too.`,
    ],
    [
      { [USERNAME]: 'ada', [PASSWORD]: SECRET, [TOKEN]: SECRET },
      `warning: ${TOKEN} has no effect, because ${USERNAME} and ${PASSWORD} are set. -> Unset ${TOKEN}, or the other two variables.`,
    ],
    [
      { MLFLOW_TRACKING_INSECURE_TLS: 'true' },
      'warning: MLFLOW_TRACKING_INSECURE_TLS accepts any certificate, so others can read the traces on their way. -> Unset it, and set MLFLOW_TRACKING_SERVER_CERT_PATH to the certificate authority of the server.',
    ],
    [
      { MLFLOW_EXPERIMENT_ID: '7', MLFLOW_EXPERIMENT_NAME: 'shop' },
      'warning: MLFLOW_EXPERIMENT_NAME has no effect, because MLFLOW_EXPERIMENT_ID is set. -> Unset one of the two.',
    ],
    [
      { MLFLOW_TRACKING_URL: `http://ada:${SECRET}@mlflow:5000` },
      'warning: MLFLOW_TRACKING_URL has no effect, because MLflow does not know it. -> Rename it to MLFLOW_TRACKING_URI.',
    ],
    [{ MLFLOW_TRACKING_URL: 'http://mlflow:5000', MLFLOW_TRACKING_URI: 'http://mlflow:5000' }],
    [
      { OTEL_LOG_LEVEL: 'NONE' },
      'warning: OTEL_LOG_LEVEL=none hides why traces do not arrive. -> Unset OTEL_LOG_LEVEL.',
    ],
    [
      { NODE_OPTIONS: '--require @opentelemetry/auto-instrumentations-node/register' },
      'warning: NODE_OPTIONS loads @opentelemetry/auto-instrumentations-node, which registers a tracer provider of its own. autolog() then sends nothing to MLflow by itself. -> Remove it from NODE_OPTIONS, or add the processors of mlflow-bedrock to that tracer provider.',
    ],
  ];
  for (const [env, ...expected] of cases) {
    it(`such as ${Object.keys(env).join(', ')}`, () => {
      expect(complaints(checkEnvironment(env))).to.deep.equal(expected);
    });
  }

  it('and at those of AWS, without showing their values', () => {
    expect(complaints(checkAws({}, { hasAwsFiles: false }))).to.deep.equal([
      'warning: No credentials of AWS are configured in environment variables or in ~/.aws. -> Run "aws configure" or set AWS_PROFILE, unless the machine has a role or the code passes credentials.',
      'warning: No region of AWS is configured. -> Set AWS_REGION, for example to us-east-1, unless the code passes a region.',
    ]);
    expect(
      complaints(checkAws({ AWS_SECRET_ACCESS_KEY: SECRET, AWS_REGION: 'eu-west-1' }, { hasAwsFiles: true })),
    ).to.deep.equal([
      'problem: AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID, so AWS gets no credentials of it. -> Set AWS_ACCESS_KEY_ID, too.',
    ]);
    expect(complaints(checkAws({}, { hasAwsFiles: true }))).to.deep.equal([]);
    expect(
      complaints(checkAws({ AWS_PROFILE: 'shop', AWS_DEFAULT_REGION: 'eu-west-1' }, { hasAwsFiles: false })),
    ).to.deep.equal([
      'warning: AWS_DEFAULT_REGION is set without AWS_REGION, and the AWS SDK for JavaScript reads only AWS_REGION. -> Set AWS_REGION, for example to us-east-1, unless the code passes a region.',
    ]);
  });
});

describe('the doctor explains a server that cannot be reached', () => {
  const refused = {
    message: 'MLflow at http://localhost:5000 cannot be reached (connect ECONNREFUSED 127.0.0.1:5000)',
  };
  const url = 'http://localhost:5000';

  it('inside and outside of a container', () => {
    const texts = [{ container: '/.dockerenv' }, {}].map((machine) =>
      complaints([explainFailure('server', refused, { url, env: {}, machine })]),
    );
    expect(texts.flat()).to.deep.equal([
      `problem: ${refused.message}. -> This is a container (/.dockerenv), and localhost is the container itself. Set MLFLOW_TRACKING_URI to the name of MLflow's service, for example http://mlflow:5000.`,
      `problem: ${refused.message}. -> Start MLflow with "uvx mlflow server --port 5000", or set MLFLOW_TRACKING_URI to the address of your server.`,
    ]);
  });

  it('behind a firewall and a proxy', () => {
    const message = 'MLflow at http://mlflow.example.com cannot be reached (no answer in time)';
    const place = { url: 'http://mlflow.example.com', env: { HTTPS_PROXY: `http://ada:${SECRET}@proxy` }, machine: {} };
    expect(complaints([explainFailure('server', { message }, place)])).to.deep.equal([
      `problem: ${message}. -> Check that a firewall or security group lets this machine reach the server, and that HTTPS_PROXY names the right proxy. no_proxy lists servers to reach directly.`,
    ]);
    const refusedByProxy = 'MLflow at http://mlflow.example.com cannot be reached (connect ECONNREFUSED 10.0.0.7:3128)';
    expect(complaints([explainFailure('server', { message: refusedByProxy }, place)])).to.deep.equal([
      `problem: ${refusedByProxy}. -> If the message names the address of your proxy, correct HTTPS_PROXY, or list the server in no_proxy. Otherwise start MLflow there, or set MLFLOW_TRACKING_URI to the address of your server.`,
    ]);
  });

  it('on this machine, if something listens there', () => {
    const place = { url, env: {}, machine: { container: '/.dockerenv' } };
    const silent = `MLflow at ${url} cannot be reached (no answer in time)`;
    const forbidden = { status: 403, message: `MLflow at ${url} does not allow this (403)` };
    const failures = [{ message: silent }, forbidden].map((failed) => explainFailure('server', failed, place));
    expect(complaints(failures)).to.deep.equal([
      `problem: ${silent}. -> Something listens there and does not answer. Look at the server, or start it again.`,
      `problem: ${forbidden.message}. -> Another program may use this port: AirPlay Receiver of macOS takes port 5000 and refuses everything. Start MLflow on another port.`,
    ]);
  });
});
