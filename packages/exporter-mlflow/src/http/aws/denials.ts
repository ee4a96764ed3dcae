import { ownText, type ShownText, say } from '../../common/shown-text.js';
import type { Failure } from '../exchange/outcome.js';
import { firstSentence } from './error.js';
import type { Refusal } from './refusal.js';
import { nameOfKind } from './tracking-arn.js';

const TYPES = /^AccessDenied|^NotAuthorized|^UnauthorizedOperation/;
const WORDS = /is not authorized to (?:perform|access)|explicit deny/i;
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
const IDENTITY = /User: (arn:[\w+=,.@:/-]+)/;
const ACTION = /perform: ([\w-]+:[\w*]+)/;
const MISSING_POLICY = /because no ([\w -]{1,60}? policy)\b/;
const DENYING_POLICY = /explicit deny in an? ([\w -]{1,60}? policy)\b/;
const ACCOUNT_OF_IDENTITY = /^arn:[\w-]+:(?:sts|iam)::(\d{12}):/;
const POLICY = say`as docs/managed-mlflow.md shows`;

/** Reads that IAM does not allow a request. Names the identity, and the action that its policy must allow. */
export function explainDenial(refusal: Refusal): Failure | undefined {
  const { error, answer, arn, url, show } = refusal;
  const { type, message } = error;
  if (!TYPES.test(type) && !WORDS.test(message)) return undefined;
  const action =
    ACTION.exec(message)?.[1] ?? (arn.type === 'mlflow-app' ? 'sagemaker:CallMlflowAppApi' : 'sagemaker-mlflow:*');
  const identity = IDENTITY.exec(message)?.[1];
  const account = ACCOUNT_OF_IDENTITY.exec(identity ?? '')?.[1];
  const denied = (reason: ShownText): Failure => ({ kind: 'configuration', reason });
  if (identity === undefined) {
    return denied(
      say`SageMaker at ${url} does not allow this (${answer.status}: ${show(firstSentence(message) || type)}): allow ${ownText(action)} on ${ownText(arn.text)} in the IAM policy of the application, ${POLICY}.`,
    );
  }
  if (account !== undefined && account !== arn.account) {
    return denied(
      say`The credentials are of AWS account ${ownText(account)}, and the ${nameOfKind(arn)} of ${ownText(arn.account)} (${answer.status}): use credentials of that account, or set SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN to a role there that may use ${ownText(action)}.`,
    );
  }
  return denied(
    say`${show(identity)} is not allowed to use ${ownText(action)} on ${ownText(arn.text)} (${answer.status}${causeOf(refusal)}): allow it in the IAM policy, ${POLICY}.`,
  );
}

function causeOf({ error: { message }, show }: Refusal): ShownText {
  const [, denying] = DENYING_POLICY.exec(message) ?? [];
  if (denying !== undefined) return say`, by an explicit deny in a ${show(denying)}`;
  const [, missing] = MISSING_POLICY.exec(message) ?? [];
  return missing === undefined ? say`` : say`, no ${show(missing)} allows it`;
}
