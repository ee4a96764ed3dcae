/** The words of the warnings about calls that are not traced. */

/** What to do if a bundle hides an SDK. */
export const BUNDLE_ADVICE: string =
  'Add the bundler plugin of mlflow-bedrock, keep the SDK out of the bundle, or call manuallyInstrument(); ' +
  'see docs/bundlers.md';

/** Why a client's requests are not traced, and what to do. */
const CLIENTS: readonly { readonly userAgent: RegExp; readonly advice: string }[] = [
  {
    userAgent: /\bai-sdk\//,
    advice:
      'The AI SDK sends requests itself, and its telemetry is off. Turn it on: registerTelemetry(new OpenTelemetry()) ' +
      'in AI SDK 7, experimental_telemetry: { isEnabled: true } in AI SDK 6; see docs/frameworks.md',
  },
  {
    userAgent: /^\w*Anthropic\w*\//,
    advice: "Anthropic's SDK sends requests itself, and no span covers this one; see docs/frameworks.md",
  },
  {
    userAgent: /^\w*OpenAI\//,
    advice:
      'The package openai is part of a bundle, or was loaded as an ES module without a loader hook. ' +
      'Start with "node --import mlflow-bedrock/register". ' +
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
  const known = CLIENTS.find((client) => userAgent !== undefined && client.userAgent.test(userAgent));
  return known?.advice ?? `No SDK that is traced has sent it. If the application is part of a bundle: ${BUNDLE_ADVICE}`;
}

export const NO_SDK_FOUND: string =
  'No SDK for Amazon Bedrock was found in this process, so none of its calls was traced. ' +
  `If the application is part of a bundle: ${BUNDLE_ADVICE}. ` +
  'A worker thread needs tracing of its own; see docs/runtimes.md.';
