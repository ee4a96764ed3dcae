import { ownText, say } from '../../common/shown-text.js';
import type { Failure } from '../exchange/outcome.js';
import type { Refusal } from './refusal.js';
import { nameOfKind } from './tracking-arn.js';

// What a message about a state says, and not one about a trace: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeMlflowTrackingServer.html
const ABOUT_STATE =
  /\b(?:tracking server|mlflow app|mlflow-app|mlflow-tracking-server)\b.*\b(?:state|status|stopp|start|delet|creat|updat|maint|inactive|active|ready|running)/is;
const STOPPED = /\b(?:stopped|stopping|inactive|not active)\b/i;
const GOING = /\b(?:deleted|deleting)\b/i;
const FAILED = /\b(?:create|start|update|stop|delete|maintenance)[ _]?failed\b/i;
const COMING = /\b(?:creating|starting|updating|maintenance|not (?:yet )?ready|not (?:in a )?running)\b/i;

/** Reads that the tracking server or app is not running. AWS documents its states, but not the words of the refusal. */
export function explainState({ error, arn, url }: Refusal): Failure | undefined {
  const { message } = error;
  if (!ABOUT_STATE.test(message)) return undefined;
  const it = say`The ${nameOfKind(arn)} "${ownText(arn.id)}" at ${url}`;
  if (GOING.test(message)) {
    return {
      kind: 'configuration',
      reason: say`${it} is being deleted: set trackingUri or MLFLOW_TRACKING_URI to another one.`,
    };
  }
  if (FAILED.test(message)) {
    return { kind: 'configuration', reason: say`${it} is in a failed state: look at it in the SageMaker console.` };
  }
  if (STOPPED.test(message)) {
    const command =
      arn.type === 'mlflow-app'
        ? say`start it in the SageMaker console`
        : say`run "aws sagemaker start-mlflow-tracking-server --tracking-server-name ${ownText(arn.id)}"`;
    return { kind: 'configuration', reason: say`${it} is stopped: ${command}.` };
  }
  return COMING.test(message) ? { kind: 'retryable', reason: say`${it} is not ready yet` } : undefined;
}
