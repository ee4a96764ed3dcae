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

/** Give the VPC another one before it is peered with a network of the same addresses. */
export const VPC_CIDR = '10.0.0.0/16';

export interface NetworkProps extends Pick<Settings, 'network' | 'stage' | 'internetFacing' | 'application'> {
  logRetention: RetentionDays;
}

/** Two availability zones; tasks in private subnets, from which images, S3 and the services of AWS can be reached. */
export class Network extends Construct {
  readonly vpc: Vpc;
  /** Whatever has it may call the load balancer, wherever its address is. */
  readonly clients: ISecurityGroup;

  constructor(
    scope: Construct,
    id: string,
    { network, stage, internetFacing, application, logRetention }: NetworkProps,
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
    // For the NAT gateways and a load balancer that the internet reaches; no task runs here.
    if (withNat || internetFacing) subnets.push({ name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 24 });
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(VPC_CIDR),
      maxAzs: 2,
      // One in each zone, or the loss of a zone takes the other's way out.
      natGateways: withNat ? (stage === 'production' ? 2 : 1) : 0,
      subnetConfiguration: subnets,
      // Free of charge, and artifacts and image layers do not pay for NAT.
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
      description: 'May call the load balancer of MLflow',
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
