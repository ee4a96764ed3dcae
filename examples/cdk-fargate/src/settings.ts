import type { Node } from 'constructs';

/** `trial` is cheap: PostgreSQL in a task. `production` is on RDS, with backups, in two availability zones. */
export type Stage = 'trial' | 'production';

/** What `-c name=value` of the `cdk` command decides; the README lists them. */
export interface Settings {
  stage: Stage;
  /** Address ranges that may call the load balancer. Empty: the VPC's own. */
  allowedCidrs: string[];
  /** HTTPS with this certificate (AWS Certificate Manager, same region), for `domainName`. */
  https: { certificateArn: string; domainName: string } | undefined;
  /** A load balancer that the internet can reach, as far as `allowedCidrs` lets it. */
  internetFacing: boolean;
  /** `nat`: images come from their public registries. `isolated`: no way out; from copies in Amazon ECR. */
  network: 'nat' | 'isolated';
  /** Tasks may be reached through AWS Systems Manager (ECS Exec), for port forwarding without a VPN. */
  portForwarding: boolean;
  /** A service of OpenTelemetry Collectors in front of MLflow. */
  collector: boolean;
  /** Experiment that receives what comes by the Collector. */
  experimentId: string;
  /** OTLP endpoint (HTTP) that gets the same spans from the Collector. */
  otlpBackend: string | undefined;
  /** Name of the secret (AWS Secrets Manager) whose text is the `Authorization` header for `otlpBackend`. */
  otlpBackendSecret: string | undefined;
  /** Also the Lambda function and the ECS task that call Bedrock. */
  application: boolean;
  /** Model id or inference profile that the application may call. */
  modelId: string;
  /** No task of MLflow runs: for an upgrade of the database. */
  maintenance: boolean;
  /** Everything goes with `cdk destroy`; without it, data stay. */
  removeData: boolean;
}

const NAMES: readonly (keyof Settings | 'certificateArn' | 'domainName')[] = [
  'stage',
  'allowedCidrs',
  'certificateArn',
  'domainName',
  'internetFacing',
  'network',
  'portForwarding',
  'collector',
  'experimentId',
  'otlpBackend',
  'otlpBackendSecret',
  'application',
  'modelId',
  'maintenance',
  'removeData',
];
/** 10.0.0.0/8 is the largest private network. */
const WIDEST_PREFIX = 8;
const CIDR = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;

/** @throws Error that says what to change when a setting is unknown, is not one of its values, or would open MLflow */
export function readSettings(node: Node): Settings {
  refuseUnknown(Object.keys(node.getAllContext()));
  const text = (name: string): string | undefined => {
    const value: unknown = node.tryGetContext(name);
    return value === undefined || value === '' ? undefined : String(value);
  };
  const flag = (name: string, otherwise: boolean): boolean =>
    oneOf(name, text(name) ?? String(otherwise), ['true', 'false']) === 'true';
  const settings: Settings = {
    stage: oneOf('stage', text('stage') ?? 'trial', ['trial', 'production']),
    allowedCidrs: text('allowedCidrs')?.split(',') ?? [],
    https: httpsOf(text('certificateArn'), text('domainName')),
    internetFacing: flag('internetFacing', false),
    network: oneOf('network', text('network') ?? 'nat', ['nat', 'isolated']),
    portForwarding: flag('portForwarding', true),
    collector: flag('collector', false),
    experimentId: text('experimentId') ?? '0',
    otlpBackend: text('otlpBackend'),
    otlpBackendSecret: text('otlpBackendSecret'),
    application: flag('application', false),
    modelId: text('modelId') ?? 'amazon.nova-lite-v1:0',
    maintenance: flag('maintenance', false),
    removeData: flag('removeData', false),
  };
  refuseWithoutEffect(settings, text('experimentId'));
  refuseOpenDoors(settings);
  return settings;
}

function refuseUnknown(given: string[]): void {
  // Feature flags have a namespace, the CLI's own values a colon.
  const unknown = given.filter((name) => !/[:@]/.test(name) && !NAMES.some((known) => known === name));
  if (unknown.length > 0) throw new Error(`Unknown setting ${unknown.join(', ')}. There are: ${NAMES.join(', ')}.`);
}

function oneOf<Value extends string>(name: string, value: string, values: readonly Value[]): Value {
  const found = values.find((candidate) => candidate === value);
  if (found === undefined) throw new Error(`${name} is "${value}"; it has to be one of: ${values.join(', ')}.`);
  return found;
}

function httpsOf(certificateArn: string | undefined, domainName: string | undefined): Settings['https'] {
  if (certificateArn === undefined && domainName === undefined) return undefined;
  if (certificateArn === undefined || domainName === undefined)
    throw new Error('HTTPS needs both: certificateArn, and domainName that the certificate is for.');
  // Browsers send it in small letters, and MLflow compares it letter by letter.
  return { certificateArn, domainName: domainName.toLowerCase() };
}

function refuseWithoutEffect(
  { collector, otlpBackend, otlpBackendSecret }: Settings,
  experimentId: string | undefined,
): void {
  const forCollector = Object.entries({ experimentId, otlpBackend, otlpBackendSecret });
  const given = forCollector.filter(([, value]) => value !== undefined).map(([name]) => name);
  if (!collector && given.length > 0)
    throw new Error(`Without a Collector these do nothing: ${given.join(', ')}. Add -c collector=true.`);
  if (experimentId !== undefined && !/^\d+$/.test(experimentId))
    throw new Error(`experimentId is "${experimentId}"; it has to be the number of the experiment, not its name.`);
  if (otlpBackendSecret !== undefined && otlpBackend === undefined)
    throw new Error('otlpBackendSecret needs otlpBackend, the endpoint that it is for.');
}

function refuseOpenDoors({ allowedCidrs, internetFacing, https, collector, application }: Settings): void {
  const malformed = allowedCidrs.filter((cidr) => !CIDR.test(cidr));
  if (malformed.length > 0)
    throw new Error(`allowedCidrs has ${malformed.join(', ')}; write ranges such as 10.8.0.0/16, separated by commas.`);
  const wide = allowedCidrs.filter((cidr) => Number(cidr.split('/')[1]) < WIDEST_PREFIX);
  if (wide.length > 0)
    throw new Error(
      `allowedCidrs has ${wide.join(', ')}, which is far more than a network of yours. MLflow asks for no password: name your own networks.`,
    );
  if (!internetFacing) return;
  if (https === undefined)
    throw new Error(
      'internetFacing needs certificateArn and domainName: prompts would cross the internet in plain text.',
    );
  if (allowedCidrs.length === 0)
    throw new Error('internetFacing needs allowedCidrs: the public addresses of your office or VPN.');
  if (collector || application)
    throw new Error(
      'internetFacing goes with neither collector nor application: they call from this VPC, where the name of the load balancer leads to its public addresses.',
    );
}
