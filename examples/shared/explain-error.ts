interface AwsError extends Error {
  /** Of Node's network errors. */
  code?: string;
  hostname?: string;
}

/** What to do about the errors that a first run against real Bedrock meets, by the error's name or code. */
const ADVICE: readonly (readonly [names: readonly string[], advice: string])[] = [
  [
    ['CredentialsProviderError', 'CredentialsError', 'TokenProviderError'],
    'AWS credentials were not found: run "aws configure" or "aws sso login", or set AWS_PROFILE or AWS_BEARER_TOKEN_BEDROCK. Without --aws the example runs on the local simulator.',
  ],
  [
    ['ExpiredTokenException', 'ExpiredToken', 'UnrecognizedClientException', 'InvalidSignatureException'],
    'AWS does not accept the credentials: log in again ("aws sso login") or correct the keys, and check the clock of this computer.',
  ],
  [
    ['AccessDeniedException'],
    'AWS denies the use of this model: allow bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream in your IAM policy, and request access to the model in the Bedrock console of this region.',
  ],
  [
    ['ValidationException', 'ResourceNotFoundException'],
    'This region does not offer the model under this id: set AWS_REGION to a region that has it, or BEDROCK_MODEL_ID to a model or inference profile of this region (for example eu.amazon.nova-lite-v1:0).',
  ],
  [
    ['ThrottlingException', 'ServiceQuotaExceededException'],
    'The quota of this account for the model is used up: wait a minute, or raise it under Service Quotas.',
  ],
  [
    ['ENOTFOUND', 'EAI_AGAIN'],
    'The host of this region was not found: check AWS_REGION for a region with Amazon Bedrock (for example us-east-1), and the network.',
  ],
  [['ECONNREFUSED', 'ERR_HTTP2_ERROR'], 'Nothing useful answers there: check AWS_ENDPOINT_URL_BEDROCK_RUNTIME.'],
];

/** One line that says what went wrong and what to do; the stack for errors this does not know. */
export function explainBedrockError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, code, message, hostname } = error as AwsError;
  if (/region is missing/i.test(message)) {
    return 'No AWS region is set: set AWS_REGION (for example us-east-1) or a region in your AWS profile.';
  }
  const advice = ADVICE.find(([names]) => names.includes(name) || names.includes(code ?? ''))?.[1];
  if (advice === undefined) return error.stack ?? message;
  return `${advice} (${code ?? name}: ${message || hostname})`;
}
