import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Repository, TagMutability } from 'aws-cdk-lib/aws-ecr';
import { ContainerImage, type TaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import { accept } from './accept.js';

/** Registries and tags of the images. MLflow's image is the one in docker-compose.yml. */
export const IMAGES = {
  mlflow: { source: 'ghcr.io/mlflow/mlflow', tag: 'v3.17.2-full' },
  // Docker Hub's image from a registry that does not limit anonymous pulls from AWS.
  postgres: { source: 'public.ecr.aws/docker/library/postgres', tag: '17-alpine' },
  collector: { source: 'otel/opentelemetry-collector-contrib', tag: '0.161.0' },
} as const;

export type ImageName = keyof typeof IMAGES;
export type Images = (name: ImageName) => ContainerImage;

export const publicImages: Images = (name) => ContainerImage.fromRegistry(`${IMAGES[name].source}:${IMAGES[name].tag}`);

/**
 * Repositories for copies of the images, for tasks without a route to the internet. An Amazon ECR pull-through cache is
 * no alternative, because its first pull of an image also needs a NAT gateway.
 */
export class ImagesStack extends Stack {
  readonly images: Images;

  constructor(scope: Construct, id: string, { prefix }: { prefix: string }) {
    super(scope, id, { description: 'Copies of the images of MLflow, PostgreSQL and the OpenTelemetry Collector' });
    const repositories = new Map<ImageName, Repository>();
    for (const name of Object.keys(IMAGES) as ImageName[]) {
      const repository = new Repository(this, name, {
        repositoryName: `${prefix}/${name}`,
        imageTagMutability: TagMutability.IMMUTABLE,
        imageScanOnPush: true,
        // The repository holds only copies. If it stayed, its name would make the next deployment fail.
        removalPolicy: RemovalPolicy.DESTROY,
        emptyOnDelete: true,
      });
      repositories.set(name, repository);
    }
    this.images = (name) => ContainerImage.fromEcrRepository(repositories.get(name)!, IMAGES[name].tag);
  }
}

/** Accepts cdk-nag's finding on tasks whose image is in Amazon ECR. */
export function acceptPull(taskDefinition: TaskDefinition): void {
  accept(taskDefinition.obtainExecutionRole(), {
    'AwsSolutions-IAM5[Resource::*]':
      'Only ecr:GetAuthorizationToken, to pull the image. IAM cannot limit it to a resource.',
  });
}
