/** Which requests go to Amazon Bedrock. */

import { REGIONAL_DOMAIN } from '../../data/bedrock-hosts.js';

/** Models, agents and AgentCore; also FIPS and VPC endpoints. Not the hosts that only manage resources. */
const AWS_HOST = new RegExp(
  String.raw`^(?:vpce-[\w-]+\.)?bedrock-(?:runtime|agent-runtime|agentcore|mantle)${REGIONAL_DOMAIN}(?::\d+)?$`,
);

/** Variables by which SDKs get another endpoint of Bedrock. */
const ENDPOINT_VARIABLES = [
  'AWS_ENDPOINT_URL_BEDROCK_RUNTIME',
  'AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME',
  'AWS_ENDPOINT_URL_BEDROCK_AGENTCORE',
  'AWS_BEDROCK_BASE_URL',
  'ANTHROPIC_BEDROCK_BASE_URL',
] as const;

/** Clients that name Bedrock in their user agent: the SDKs of AWS, Anthropic and OpenAI, and the AI SDK. */
const BEDROCK_AGENT =
  /\bapi\/bedrock-(?:runtime|agent-runtime|agentcore)#|^(?:AnthropicBedrock|BedrockOpenAI)|\bai-sdk[/-]amazon-bedrock\//;

/** Returns the hosts, with their ports, that the environment names as endpoints of Bedrock. */
export function endpointHosts(env: Readonly<Record<string, string | undefined>>): Set<string> {
  const urls = ENDPOINT_VARIABLES.map((variable) => env[variable]?.trim() ?? '');
  return new Set(urls.filter((url) => URL.canParse(url)).map((url) => new URL(url).host));
}

/**
 * Returns true if a host serves Bedrock: at AWS by its name, elsewhere as one of the endpoints.
 *
 * @param host with its port, if the URL has one
 * @param endpoints hosts that are Bedrock's, in lower case. One without a port has all ports.
 */
export function isBedrockHost(host: string, endpoints: ReadonlySet<string>): boolean {
  if (endpoints.size > 0 && (endpoints.has(host) || endpoints.has(host.replace(/:\d+$/, '')))) return true;
  return host.includes('bedrock-') && AWS_HOST.test(host);
}

/** Returns true if the header comes from a client for Bedrock. */
export function isBedrockAgent(userAgent: string | undefined): boolean {
  return userAgent !== undefined && BEDROCK_AGENT.test(userAgent);
}
