/** Advice for the usual errors of a first run against Amazon Bedrock. */
const ADVICE: readonly (readonly [seen: RegExp, advice: string])[] = [
  [
    /Region is missing|AWS region setting is missing/,
    'No AWS region is set: set AWS_REGION (for example us-east-1), or a region in your AWS profile.',
  ],
  [
    /AWS SigV4 authentication requires/,
    'The AI SDK reads AWS credentials only from the environment: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK. Without --aws the example runs on the local simulator.',
  ],
  [
    /CredentialsProviderError|Could not load credentials|TokenProviderError|Failed to resolve AWS credentials/,
    'No AWS credentials were found: run "aws configure" or "aws sso login", or set AWS_PROFILE or AWS_BEARER_TOKEN_BEDROCK. Without --aws the example runs on the local simulator.',
  ],
  [
    /^\w*: 401 /,
    'Bedrock does not accept the API key: set AWS_BEARER_TOKEN_BEDROCK to a key of the region in AWS_REGION, which the Bedrock console creates.',
  ],
  [
    /ExpiredToken|UnrecognizedClientException|InvalidSignatureException/,
    'AWS does not accept the credentials: log in again ("aws sso login") or correct the keys, and check the clock of this computer.',
  ],
  [
    // LangChain keeps only the message of an error.
    /AccessDeniedException|don't have access to the model/,
    'AWS denies the use of this model: allow bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream in your IAM policy, and request access to the model in the Bedrock console of this region.',
  ],
  [
    /(?:ValidationException|ResourceNotFoundException).*guardrail/i,
    'The guardrail does not exist in this account and region: set BEDROCK_GUARDRAIL_ID and BEDROCK_GUARDRAIL_VERSION to one of yours.',
  ],
  [
    /ValidationException|ResourceNotFoundException/,
    'Bedrock rejects the request, most often because this region does not offer the model under this id: set AWS_REGION to a region that has it, or BEDROCK_MODEL_ID to a model or inference profile of this region (for example eu.amazon.nova-lite-v1:0).',
  ],
  [
    /ThrottlingException|ServiceQuotaExceededException/,
    'The quota of this account for the model is used up: wait a minute, or raise it under Service Quotas.',
  ],
  [
    /ENOTFOUND|EAI_AGAIN/,
    'The host of this region was not found: set AWS_REGION to a region that has Amazon Bedrock (for example us-east-1), and check the network.',
  ],
  [
    /ECONNREFUSED|ETIMEDOUT|ECONNRESET/,
    'Bedrock cannot be reached: check the network, and AWS_ENDPOINT_URL_BEDROCK_RUNTIME if you set it.',
  ],
];

/**
 * Returns one line with the advice and the error, or the stack of an error without advice.
 *
 * @param missing advice if Bedrock does not find what the example calls; default: that about models
 */
export function explainBedrockError(error: unknown, missing?: string): string {
  if (!(error instanceof Error)) return String(error);
  for (const text of withCauses(error).map(describe)) {
    const found = ADVICE.find(([seen]) => seen.test(text))?.[1];
    const advice = /^ResourceNotFoundException/.test(text) ? (missing ?? found) : found;
    if (advice !== undefined) return `${advice} (${text})`;
  }
  return error.stack ?? describe(error);
}

/** Returns an error and its causes, because frameworks wrap the error of a call. */
function withCauses(error: Error): Error[] {
  const found = [error];
  for (let { cause } = error; cause instanceof Error && !found.includes(cause); { cause } = cause) found.push(cause);
  return found;
}

/** Returns name and message, because over HTTP/2 only the message has the network's error code. */
function describe(error: Error): string {
  return `${serviceErrorName(error) ?? error.name}: ${error.message || (error as NodeJS.ErrnoException).code}`;
}

/** Reads the name of the service's error from the answer's headers, for clients that send with their own `fetch`. */
function serviceErrorName(error: Error): string | undefined {
  const { headers, responseHeaders, lastError } = error as {
    headers?: unknown; // Anthropic's SDK and OpenAI's
    responseHeaders?: Record<string, string>; // the AI SDK
    lastError?: unknown; // the AI SDK, after its last attempt
  };
  if (lastError instanceof Error) return serviceErrorName(lastError);
  const header = 'x-amzn-errortype';
  const type = headers instanceof Headers ? headers.get(header) : responseHeaders?.[header];
  // An address follows the name: `AccessDeniedException:http://internal.amazon.com/...`.
  return type?.split(':')[0];
}
