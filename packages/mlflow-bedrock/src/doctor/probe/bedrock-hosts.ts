import type { Environment } from '../../common/environment.js';

/** Public hosts, those of AWS PrivateLink, and those of the OpenAI-compatible service. */
const HOST = /(?:^|\.)bedrock(?:-[a-z]+)*\.[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;
const ENDPOINT = /^(?:AWS_ENDPOINT_URL(?:_BEDROCK\w*)?|OPENAI_BASE_URL|ANTHROPIC_BEDROCK_BASE_URL)$/;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);

/** Returns a function that tells whether a host, or a host and a port, is that of Amazon Bedrock or of its replacement. */
export function bedrockHosts(env: Environment): (host: string, port?: number) => boolean {
  const replacements = Object.entries(env).flatMap(([name, address]) => {
    if (!ENDPOINT.test(name) || !address || !URL.canParse(address)) return [];
    const { protocol, hostname, port } = new URL(address);
    return [keyOf(hostname, Number(port) || (protocol === 'https:' ? 443 : 80))];
  });
  return (host, port) => HOST.test(host) || (port !== undefined && replacements.includes(keyOf(host, port)));
}

function keyOf(host: string, port: number): string {
  return `${LOOPBACK.has(host) ? 'loopback' : host}:${port}`;
}
