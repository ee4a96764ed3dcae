/** What to do about the errors that a first run against Amazon Bedrock meets. */
const ADVICE: readonly (readonly [seen: RegExp, advice: string])[] = [
  [
    /Region is missing|AWS region setting is missing/,
    'No AWS region is set: set AWS_REGION (for example us-east-1), or a region in your AWS profile.',
  ],
  [
    /AWS SigV4 authentication requires/,
    'The AI SDK takes AWS credentials from the environment alone: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK. Without --aws the example runs on the local simulator.',
  ],
  [
    /CredentialsProviderError|Could not load credentials|TokenProviderError|Failed to resolve AWS credentials/,
    'No AWS credentials were found: run "aws configure" or "aws sso login", or set AWS_PROFILE or AWS_BEARER_TOKEN_BEDROCK. Without --aws the example runs on the local simulator.',
  ],
  [
    /ExpiredToken|UnrecognizedClientException|InvalidSignatureException/,
    'AWS does not accept the credentials: log in again ("aws sso login") or correct the keys, and check the clock of this computer.',
  ],
  [
    // LangChain keeps the message alone.
    /AccessDeniedException|don't have access to the model/,
    'AWS denies the use of this model: allow bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream in your IAM policy, and request access to the model in the Bedrock console of this region.',
  ],
  [
    /(?:ValidationException|ResourceNotFoundException).*guardrail/i,
    'This region and account have no such guardrail: set BEDROCK_GUARDRAIL_ID and BEDROCK_GUARDRAIL_VERSION to one of yours.',
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

/** One line that says what to do and what went wrong; the stack of an error this does not know. */
export function explainBedrockError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  for (const text of withCauses(error).map(describe)) {
    const advice = ADVICE.find(([seen]) => seen.test(text))?.[1];
    if (advice !== undefined) return `${advice} (${text})`;
  }
  return error.stack ?? describe(error);
}

/** Frameworks wrap the error of a call in one of their own. */
function withCauses(error: Error): Error[] {
  const found = [error];
  for (let { cause } = error; cause instanceof Error && !found.includes(cause); { cause } = cause) found.push(cause);
  return found;
}

/** The text and not only the name: over HTTP/2 the network's error code stands in the message alone. */
function describe(error: Error): string {
  return `${serviceErrorName(error) ?? error.name}: ${error.message || (error as NodeJS.ErrnoException).code}`;
}

/** Clients that send with their own `fetch` keep the name of the service's error in the headers of its answer alone. */
function serviceErrorName(error: Error): string | undefined {
  const { headers, responseHeaders, lastError } = error as {
    headers?: unknown; // Anthropic's SDK
    responseHeaders?: Record<string, string>; // the AI SDK
    lastError?: unknown; // the AI SDK, after its last attempt
  };
  if (lastError instanceof Error) return serviceErrorName(lastError);
  const header = 'x-amzn-errortype';
  const type = headers instanceof Headers ? headers.get(header) : responseHeaders?.[header];
  // Behind the name stands an address: `AccessDeniedException:http://internal.amazon.com/...`.
  return type?.split(':')[0];
}
