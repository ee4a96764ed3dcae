import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ApplicationStack } from './application-stack.js';
import { ImagesStack, publicImages } from './images.js';
import { MlflowStack } from './mlflow-stack.js';
import { readSettings } from './settings.js';

/**
 * Adds the stacks that the settings ask for: `…-images`, `mlflow-<stage>`, `…-application`, in this order. They have no
 * account and no region, so that synthesis needs no AWS. `cdk deploy` uses those of your profile.
 */
export function addStacks(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const settings = readSettings(app.node);
  const name = `mlflow-${settings.stage}`;
  const images =
    settings.network === 'nat' ? publicImages : new ImagesStack(app, `${name}-images`, { prefix: name }).images;
  const mlflow = new MlflowStack(app, name, { settings, images });
  if (settings.application) new ApplicationStack(app, `${name}-application`, { settings, mlflow });
}
