import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ApplicationStack, type MlflowOfApplication } from './application-stack.js';
import { ImagesStack, publicImages } from './images.js';
import { MlflowStack } from './mlflow-stack.js';
import { SageMakerStack } from './sagemaker-stack.js';
import { readSettings, type Settings } from './settings.js';

/** Name of the stack with MLflow. The names of the others begin with it. */
export function mlflowStackName({ mlflow, stage }: Pick<Settings, 'mlflow' | 'stage'>): string {
  return mlflow === 'fargate' ? `mlflow-${stage}` : `mlflow-${mlflow}`;
}

/**
 * Adds the stacks that the settings ask for: `…-images`, MLflow, `…-application`, in this order. They have no account and
 * no region, so that synthesis needs no AWS. `cdk deploy` uses those of your profile.
 */
export function addStacks(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const settings = readSettings(app.node);
  const name = mlflowStackName(settings);
  const mlflow = settings.mlflow === 'fargate' ? addFargate(app, name, settings) : addSageMaker(app, name, settings);
  if (settings.application) new ApplicationStack(app, `${name}-application`, { settings, mlflow });
}

function addFargate(app: App, name: string, settings: Settings): MlflowOfApplication {
  const images =
    settings.network === 'nat' ? publicImages : new ImagesStack(app, `${name}-images`, { prefix: name }).images;
  return new MlflowStack(app, name, { settings, images });
}

function addSageMaker(app: App, name: string, settings: Settings): MlflowOfApplication {
  return new SageMakerStack(app, name, { kind: settings.mlflow === 'sagemaker-app' ? 'app' : 'server', settings });
}
