import { Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, type BucketProps, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct, type IDependable } from 'constructs';

/** Folder of the artifacts in the bucket. */
export const PREFIX = 'artifacts';
/** What MLflow does with artifacts. */
export const ARTIFACT_ACTIONS = [
  's3:GetObject',
  's3:PutObject',
  's3:DeleteObject',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
] as const;

export interface ArtifactStoreProps {
  removalPolicy: RemovalPolicy;
  logRetentionDays: number;
}

/** The bucket for MLflow's artifacts, and a bucket for the access logs of that bucket and of the load balancer. */
export class ArtifactStore extends Construct {
  readonly bucket: Bucket;
  readonly logs: Bucket;
  /** Where MLflow keeps artifacts: an `s3:` address. */
  readonly uri: string;

  constructor(scope: Construct, id: string, { removalPolicy, logRetentionDays }: ArtifactStoreProps) {
    super(scope, id);
    const isPrivate: BucketProps = {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy,
      autoDeleteObjects: removalPolicy === 'destroy',
    };
    this.logs = new Bucket(this, 'Logs', {
      ...isPrivate,
      lifecycleRules: [{ expiration: Duration.days(logRetentionDays) }],
    });
    this.bucket = new Bucket(this, 'Bucket', {
      ...isPrivate,
      versioned: true,
      serverAccessLogsBucket: this.logs,
      serverAccessLogsPrefix: 's3/',
      lifecycleRules: [
        { noncurrentVersionExpiration: Duration.days(30), abortIncompleteMultipartUploadAfter: Duration.days(7) },
      ],
    });
    this.uri = `s3://${this.bucket.bucketName}/${PREFIX}`;
  }

  /** Lets this account's load balancers write access logs. They depend on the returned policy. */
  allowAccessLogs(prefix: string): IDependable {
    const { account } = Stack.of(this);
    const result = this.logs.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('logdelivery.elasticloadbalancing.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [this.logs.arnForObjects(`${prefix}/AWSLogs/${account}/*`)],
        conditions: {
          ArnLike: {
            'aws:SourceArn': Stack.of(this).formatArn({
              service: 'elasticloadbalancing',
              resource: 'loadbalancer',
              resourceName: '*',
            }),
          },
        },
      }),
    );
    return result.policyDependable ?? this.logs;
  }

  /** Lets MLflow read, write, delete and list artifacts, and nothing else in the bucket. */
  grantUse(grantee: IGrantable): void {
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: [...ARTIFACT_ACTIONS],
        resources: [this.bucket.arnForObjects(`${PREFIX}/*`)],
      }),
    );
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [this.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': [PREFIX, `${PREFIX}/*`] } },
      }),
    );
  }
}
