/** The hosts on which Bedrock serves models: AWS's own, and those that an application names. */

import type { ServerEndpoint } from './facts.js';

/**
 * What follows the service in the name of a host: a region in every partition of AWS, with FIPS, dual stack and VPC
 * endpoints. The source of a regular expression.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/bedrock.html
 */
export const REGIONAL_DOMAIN: string = String.raw`(?:-fips)?\.[a-z]+(?:-[a-z0-9]+)+\.(?:vpce\.)?(?:amazonaws\.(?:com|com\.cn|eu)|api\.aws|api\.amazonwebservices\.(?:com\.cn|eu)|(?:c2s|csp\.hci)\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk)`;

/** `bedrock-runtime` and `bedrock-mantle`. */
const AWS_HOST = new RegExp(String.raw`^(?:[\w-]+\.)*bedrock-(?:runtime|mantle)${REGIONAL_DOMAIN}$`);

/** A host name or an address, perhaps with a port. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i;

/** True for an entry of a list of hosts: `gateway.example.com`, or `localhost:8080` for one port. */
export function isHost(entry: unknown): entry is string {
  return typeof entry === 'string' && HOST.test(entry);
}

/** Returns host and port of a URL; undefined if it is none. */
export function endpointOfUrl(url: unknown): ServerEndpoint | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  if (hostname === '') return undefined;
  return { address: hostname, port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port) };
}

/** @param others further hosts on which an application reaches Bedrock, see {@link isHost}. */
export function isModelHost({ address, port }: ServerEndpoint, others: readonly string[] = []): boolean {
  if (AWS_HOST.test(address)) return true;
  return others.some((host) => host.toLowerCase() === address || host.toLowerCase() === `${address}:${port}`);
}

/** Hosts of Mantle, also those of VPC endpoints. */
const MANTLE = /^(?:[\w-]+\.)*bedrock-mantle(?:-fips)?\./;

/**
 * Returns the list of MLflow that has the prices of a host, for `mlflow.llm.provider`; undefined if MLflow finds them by
 * the ids of models. Mantle has a list of its own, because some models have other prices and other ids there.
 */
export function priceListOf(server: ServerEndpoint | undefined): string | undefined {
  return server && MANTLE.test(server.address) ? 'bedrock_mantle' : undefined;
}
