/** The words of the warnings about calls that are not traced. */

/** What to do if a bundle hides an SDK. */
export const BUNDLE_ADVICE: string =
  'Add the bundler plugin of mlflow-bedrock, keep the SDK out of the bundle, or call manuallyInstrument(); ' +
  'see docs/bundlers.md';

interface Client {
  readonly userAgent: RegExp;
  readonly advice: string;
  /** Whether it has spans of its own, which need not be active while it sends. Default: it has none. */
  readonly hasSpans?: () => boolean;
}

/** What AI SDK 7 calls during its calls: see `registerTelemetry()` of `ai`. */
const aiSdk = globalThis as { readonly AI_SDK_TELEMETRY_INTEGRATIONS?: readonly unknown[] };

/** Why a client's requests are not traced, and what to do. */
const CLIENTS: readonly Client[] = [
  {
    userAgent: /\bai-sdk[/-]/,
    advice:
      'The AI SDK sends requests itself, and its telemetry is off. Turn it on in AI SDK 7: install @ai-sdk/otel, and ' +
      'call registerTelemetry(new OpenTelemetry()) if you do not use mlflow-bedrock. Turn it on in AI SDK 6: ' +
      'experimental_telemetry: { isEnabled: true }; see docs/frameworks.md',
    // Its spans of embeddings and of reranking are not active.
    hasSpans: () => (aiSdk.AI_SDK_TELEMETRY_INTEGRATIONS?.length ?? 0) > 0,
  },
  {
    userAgent: /^\w*Anthropic\w*\//,
    advice: "Anthropic's SDK sends requests itself, and no span covers this one; see docs/frameworks.md",
  },
  {
    userAgent: /^\w*OpenAI\//,
    advice:
      'The package openai is part of a bundle, or was loaded as an ES module without a loader hook. ' +
      'Start with "node --import mlflow-bedrock/register". If a CommonJS program imports it on Node.js 20: ' +
      'manuallyInstrument({ OpenAI }). ' +
      `In a bundle: ${BUNDLE_ADVICE}`,
  },
  {
    userAgent: /^aws-sdk-(?:js\/2|nodejs\/2)/,
    advice: 'Version 2 of the AWS SDK cannot be traced. Use @aws-sdk/client-bedrock-runtime',
  },
  {
    userAgent: /^aws-sdk-js\//,
    advice: `The AWS SDK is part of a bundle, where module hooks do not find it. ${BUNDLE_ADVICE}`,
  },
];

/** @param userAgent undefined if only the connection is known */
export function unseenRequest(host: string, userAgent: string | undefined): string {
  return `A request to ${host} is not traced, nor may later ones be. ${adviceFor(userAgent)}.`;
}

/** Why requests of this client are not traced, and what to do. */
export function adviceFor(userAgent: string | undefined): string {
  return (
    findClient(userAgent)?.advice ??
    `No SDK that is traced has sent it. If the application is part of a bundle: ${BUNDLE_ADVICE}`
  );
}

/** Whether the client that sends the request has a span for it. */
export function hasOwnSpans(userAgent: string | undefined): boolean {
  return findClient(userAgent)?.hasSpans?.() ?? false;
}

function findClient(userAgent: string | undefined): Client | undefined {
  return userAgent === undefined ? undefined : CLIENTS.find((client) => client.userAgent.test(userAgent));
}

export const NO_SDK_FOUND: string =
  'No SDK for Amazon Bedrock was found in this process, so none of its calls was traced. ' +
  `If the application is part of a bundle: ${BUNDLE_ADVICE}. ` +
  'A worker thread needs tracing of its own; see docs/runtimes.md.';
