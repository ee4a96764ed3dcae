import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { accept } from './accept.js';

/** Converse and ConverseStream also need these actions, because they have no others. */
const ACTIONS = ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'];
/** Inference profiles of Amazon Bedrock itself have a geography before the model id. */
const PROFILE = /^(?<geography>us|us-gov|eu|apac|au|ca|jp|global)\.(?<model>.+)$/;

/** Accepts cdk-nag's finding on the wildcard for an inference profile's regions. */
export function acceptModels(construct: Construct, modelId: string): void {
  const { model: routedTo } = PROFILE.exec(modelId)?.groups ?? {};
  if (routedTo === undefined) return;
  const finding = `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:bedrock:*::foundation-model/${routedTo}]`;
  accept(construct, {
    [finding]: 'The inference profile chooses the region, and the condition limits calls to that profile.',
  });
}

/** Returns the permission to call one model, and nothing else of Amazon Bedrock. */
export function invokeModelStatements(stack: Stack, modelId: string): PolicyStatement[] {
  const model = (id: string, region: string): string =>
    stack.formatArn({
      service: 'bedrock',
      region,
      account: '',
      resource: 'foundation-model',
      resourceName: id,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  const { model: routedTo } = PROFILE.exec(modelId)?.groups ?? {};
  if (routedTo === undefined)
    return [new PolicyStatement({ actions: ACTIONS, resources: [model(modelId, stack.region)] })];
  const profile = stack.formatArn({ service: 'bedrock', resource: 'inference-profile', resourceName: modelId });
  return [
    new PolicyStatement({ actions: ACTIONS, resources: [profile] }),
    // The profile chooses the region, so the permission covers every region, but only for calls by this profile.
    new PolicyStatement({
      actions: ACTIONS,
      resources: [model(routedTo, '*')],
      conditions: { StringEquals: { 'bedrock:InferenceProfileArn': profile } },
    }),
  ];
}
