import type { Node } from 'constructs';
import { isRange, publicAddresses } from './ranges.js';

/** `trial` is cheap and runs PostgreSQL in a task. `production` uses RDS with backups in two availability zones. */
export type Stage = 'trial' | 'production';

/** `fargate`: MLflow in tasks of your own. The others are MLflow that SageMaker runs. */
export type Mlflow = 'fargate' | 'sagemaker-server' | 'sagemaker-app';

/** Settings from `-c name=value` of the `cdk` command. The README lists them. */
export interface Settings {
  mlflow: Mlflow;
  /** Size of SageMaker's tracking server. */
  serverSize: 'Small' | 'Medium' | 'Large';
  /** Version of MLflow on SageMaker's tracking server. Default: undefined, which means that SageMaker chooses. */
  serverVersion: string | undefined;
  stage: Stage;
  /** Address ranges that may call the load balancer. Default: empty, which means the VPC's range. */
  allowedCidrs: string[];
  /** True lets `allowedCidrs` cover much of the internet. Needs `authentication`. */
  allowPublicRanges: boolean;
  /** True makes MLflow ask for user and password. */
  authentication: boolean;
  /** Certificate (AWS Certificate Manager, same region) and its host name. Default: undefined, which means HTTP. */
  https: { certificateArn: string; domainName: string } | undefined;
  /** True puts the load balancer on the internet, for `allowedCidrs` only. */
  internetFacing: boolean;
  /** `nat`: images from public registries. `isolated`: no route to the internet, images from copies in Amazon ECR. */
  network: 'nat' | 'isolated';
  /** True allows AWS Systems Manager (ECS Exec) to reach tasks, for port forwarding without a VPN. */
  portForwarding: boolean;
  /** True adds OpenTelemetry Collectors in front of MLflow. */
  collector: boolean;
  /** Number of the experiment that receives the Collector's traces. */
  experimentId: string;
  /** Name of the secret (AWS Secrets Manager) whose text is the `Authorization` header of the Collector for MLflow. */
  mlflowSecret: string | undefined;
  /** OTLP endpoint (HTTP) of a second backend for the Collector's spans. */
  otlpBackend: string | undefined;
  /** Name of the secret (AWS Secrets Manager) whose text is the `Authorization` header for `otlpBackend`. */
  otlpBackendSecret: string | undefined;
  /** True adds the Lambda function and the ECS task that call Bedrock. */
  application: boolean;
  /** Model id or inference profile that the application may call. */
  modelId: string;
  /** True stops all tasks of MLflow, for an upgrade of the database. */
  maintenance: boolean;
  /** True lets `cdk destroy` delete the data as well. */
  removeData: boolean;
}

const NAMES: readonly (keyof Settings | 'certificateArn' | 'domainName')[] = [
  'mlflow',
  'serverSize',
  'serverVersion',
  'stage',
  'allowedCidrs',
  'allowPublicRanges',
  'authentication',
  'certificateArn',
  'domainName',
  'internetFacing',
  'network',
  'portForwarding',
  'collector',
  'experimentId',
  'mlflowSecret',
  'otlpBackend',
  'otlpBackendSecret',
  'application',
  'modelId',
  'maintenance',
  'removeData',
];
/** All others are about tasks, networks and load balancers, which SageMaker's MLflow does not have. */
const NAMES_FOR_SAGEMAKER: ReadonlySet<string> = new Set([
  'mlflow',
  'serverSize',
  'serverVersion',
  'application',
  'modelId',
  'removeData',
]);
/** As many as in a range with the prefix /16. Offices and VPNs have fewer. */
const MOST_PUBLIC_ADDRESSES = 2 ** 16;

/** @throws Error that names the change to make, if a setting is unknown, has a wrong value, or would open MLflow */
export function readSettings(node: Node): Settings {
  refuseUnknown(Object.keys(node.getAllContext()));
  const text = (name: string): string | undefined => {
    const value: unknown = node.tryGetContext(name);
    return value === undefined || value === '' ? undefined : String(value);
  };
  const flag = (name: string, otherwise: boolean): boolean =>
    oneOf(name, text(name) ?? String(otherwise), ['true', 'false']) === 'true';
  const settings: Settings = {
    mlflow: oneOf('mlflow', text('mlflow') ?? 'fargate', ['fargate', 'sagemaker-server', 'sagemaker-app']),
    serverSize: oneOf('serverSize', text('serverSize') ?? 'Small', ['Small', 'Medium', 'Large']),
    serverVersion: text('serverVersion'),
    stage: oneOf('stage', text('stage') ?? 'trial', ['trial', 'production']),
    allowedCidrs: text('allowedCidrs')?.split(',') ?? [],
    allowPublicRanges: flag('allowPublicRanges', false),
    authentication: flag('authentication', false),
    https: httpsOf(text('certificateArn'), text('domainName')),
    internetFacing: flag('internetFacing', false),
    network: oneOf('network', text('network') ?? 'nat', ['nat', 'isolated']),
    portForwarding: flag('portForwarding', true),
    collector: flag('collector', false),
    experimentId: text('experimentId') ?? '0',
    mlflowSecret: text('mlflowSecret'),
    otlpBackend: text('otlpBackend'),
    otlpBackendSecret: text('otlpBackendSecret'),
    application: flag('application', false),
    modelId: text('modelId') ?? 'amazon.nova-lite-v1:0',
    maintenance: flag('maintenance', false),
    removeData: flag('removeData', false),
  };
  const given = NAMES.filter((name) => text(name) !== undefined);
  refuseForOtherMlflow(settings, given);
  refuseWithoutEffect(settings, text('experimentId'));
  refuseOpenDoors(settings);
  return settings;
}

function refuseUnknown(given: string[]): void {
  // Names of feature flags contain "@", and names of the CLI's own values contain ":".
  const unknown = given.filter((name) => !/[:@]/.test(name) && !NAMES.some((known) => known === name));
  if (unknown.length > 0) throw new Error(`Unknown setting ${unknown.join(', ')}. Use one of: ${NAMES.join(', ')}.`);
}

function oneOf<Value extends string>(name: string, value: string, values: readonly Value[]): Value {
  const found = values.find((candidate) => candidate === value);
  if (found === undefined) throw new Error(`${name} is "${value}". Use one of: ${values.join(', ')}.`);
  return found;
}

function httpsOf(certificateArn: string | undefined, domainName: string | undefined): Settings['https'] {
  if (certificateArn === undefined && domainName === undefined) return undefined;
  if (certificateArn === undefined || domainName === undefined)
    throw new Error('HTTPS needs both certificateArn and domainName, the name in the certificate.');
  // Browsers send lower case, and MLflow compares the Host header with case.
  return { certificateArn, domainName: domainName.toLowerCase() };
}

function refuseForOtherMlflow({ mlflow, serverVersion }: Settings, given: readonly string[]): void {
  const forServer = given.filter((name) => name === 'serverSize' || name === 'serverVersion');
  if (mlflow !== 'sagemaker-server' && forServer.length > 0)
    throw new Error(
      `These settings need a tracking server: ${forServer.join(', ')}. Add -c mlflow=sagemaker-server, or leave them out.`,
    );
  if (serverVersion !== undefined && !/^\d+(\.\d+)+$/.test(serverVersion))
    throw new Error(
      `serverVersion is "${serverVersion}". Use a version of MLflow that SageMaker offers, such as 3.10.`,
    );
  const withoutEffect = given.filter((name) => !NAMES_FOR_SAGEMAKER.has(name));
  if (mlflow !== 'fargate' && withoutEffect.length > 0)
    throw new Error(
      `These settings have no effect with mlflow=${mlflow}, because SageMaker runs MLflow: ${withoutEffect.join(', ')}. Leave them out.`,
    );
}

function refuseWithoutEffect(
  { collector, otlpBackend, otlpBackendSecret, mlflowSecret, authentication, application }: Settings,
  experimentId: string | undefined,
): void {
  const forCollector = Object.entries({ experimentId, otlpBackend, otlpBackendSecret, mlflowSecret });
  const given = forCollector.filter(([, value]) => value !== undefined).map(([name]) => name);
  if (!collector && given.length > 0)
    throw new Error(`These settings need a Collector: ${given.join(', ')}. Add -c collector=true.`);
  if (experimentId !== undefined && !/^\d+$/.test(experimentId))
    throw new Error(`experimentId is "${experimentId}". Use the number of the experiment, not its name.`);
  if (otlpBackendSecret !== undefined && otlpBackend === undefined)
    throw new Error('otlpBackendSecret needs otlpBackend, the endpoint that gets the secret.');
  if (authentication && collector && mlflowSecret === undefined)
    throw new Error('authentication with a Collector needs mlflowSecret, with which the Collector writes to MLflow.');
  if (authentication && application)
    throw new Error('application does not work with authentication, because the example has no user of MLflow.');
}

function refuseOpenDoors(settings: Settings): void {
  const { allowedCidrs, internetFacing, https, collector, application } = settings;
  const malformed = allowedCidrs.filter((cidr) => !isRange(cidr));
  if (malformed.length > 0)
    throw new Error(
      `allowedCidrs has ${malformed.join(', ')}. Use ranges such as 10.8.0.0/16, separated by commas. The load balancer has no IPv6 address.`,
    );
  refusePublicRanges(settings);
  if (!internetFacing) return;
  if (https === undefined)
    throw new Error(
      'internetFacing needs certificateArn and domainName. Without them, prompts cross the internet in plain text.',
    );
  if (allowedCidrs.length === 0)
    throw new Error('internetFacing needs allowedCidrs, the public addresses of your office or VPN.');
  if (collector || application)
    throw new Error(
      'internetFacing does not work with collector or application. They call from this VPC, where the name of the load balancer resolves to its public addresses.',
    );
}

/** Also for an internal load balancer: its rules stay when it becomes internet-facing or networks are connected. */
function refusePublicRanges({ allowedCidrs, allowPublicRanges, authentication, https, collector }: Settings): void {
  const count = publicAddresses(allowedCidrs);
  if (count <= MOST_PUBLIC_ADDRESSES) {
    if (allowPublicRanges)
      throw new Error('allowPublicRanges has no effect: allowedCidrs covers only networks of your own. Leave it out.');
    return;
  }
  const wide = allowedCidrs.filter((cidr) => publicAddresses([cidr]) > MOST_PUBLIC_ADDRESSES);
  const named = wide.length > 0 ? wide.join(', ') : `${allowedCidrs.length} ranges`;
  const covers = `allowedCidrs has ${named}, which is too wide: ${count.toLocaleString('en')} addresses of the internet`;
  if (!allowPublicRanges)
    throw new Error(
      `${covers}. Name only your own networks. If everyone may try, add -c allowPublicRanges=true -c authentication=true.`,
    );
  if (!authentication)
    throw new Error(
      `${covers}, and MLflow asks for no password. Add -c authentication=true, or name your own networks.`,
    );
  if (https === undefined)
    throw new Error(`${covers}, and passwords would cross it in plain text. Add certificateArn and domainName.`);
  if (collector) throw new Error(`${covers}, and the Collector asks for no password. Leave out -c collector=true.`);
}
