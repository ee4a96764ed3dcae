import { RemovalPolicy } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  type ISecurityGroup,
  Peer,
  Port,
  SecurityGroup,
  type SubnetConfiguration,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Settings } from './settings.js';

/** Change this range before you peer the VPC with a network that uses the same addresses. */
export const VPC_CIDR = '10.0.0.0/16';

export interface NetworkProps extends Pick<Settings, 'network' | 'stage' | 'internetFacing' | 'application'> {
  logRetention: RetentionDays;
  /** Description of the applications' security group. Default: they may call the load balancer. */
  clients?: string;
}

/** Two availability zones. Tasks run in private subnets, which can reach images, S3 and the services of AWS. */
export class Network extends Construct {
  readonly vpc: Vpc;
  /** The group of applications. Its members may call the load balancer from any address. */
  readonly clients: ISecurityGroup;

  constructor(
    scope: Construct,
    id: string,
    {
      network,
      stage,
      internetFacing,
      application,
      logRetention,
      clients = 'May call the load balancer of MLflow',
    }: NetworkProps,
  ) {
    super(scope, id);
    const withNat = network === 'nat';
    const subnets: SubnetConfiguration[] = [
      {
        name: 'private',
        subnetType: withNat ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PRIVATE_ISOLATED,
        cidrMask: 20,
      },
    ];
    // For NAT gateways and an internet-facing load balancer. No task runs here.
    if (withNat || internetFacing) subnets.push({ name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 24 });
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(VPC_CIDR),
      maxAzs: 2,
      // One in each zone, so that the loss of a zone does not cut off the other one.
      natGateways: withNat ? (stage === 'production' ? 2 : 1) : 0,
      subnetConfiguration: subnets,
      // Free of charge, and it saves the cost of NAT for artifacts and image layers.
      gatewayEndpoints: { s3: { service: GatewayVpcEndpointAwsService.S3 } },
    });
    this.vpc.addFlowLog('Rejected', {
      destination: FlowLogDestination.toCloudWatchLogs(
        new LogGroup(this, 'FlowLogs', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY }),
      ),
      trafficType: FlowLogTrafficType.REJECT,
    });
    if (!withNat) this.#addInterfaceEndpoints(application);
    this.clients = new SecurityGroup(this, 'Clients', {
      vpc: this.vpc,
      description: clients,
    });
  }

  #addInterfaceEndpoints(application: boolean): void {
    const services = {
      EcrApi: InterfaceVpcEndpointAwsService.ECR,
      EcrImages: InterfaceVpcEndpointAwsService.ECR_DOCKER,
      Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
      Secrets: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      SessionManager: InterfaceVpcEndpointAwsService.SSM_MESSAGES,
      ...(application ? { Bedrock: InterfaceVpcEndpointAwsService.BEDROCK_RUNTIME } : {}),
    };
    const group = new SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: 'Interface endpoints',
      allowAllOutbound: false,
    });
    group.addIngressRule(Peer.ipv4(VPC_CIDR), Port.HTTPS, 'This VPC');
    for (const [name, service] of Object.entries(services))
      this.vpc.addInterfaceEndpoint(name, { service, securityGroups: [group], open: false });
  }
}
