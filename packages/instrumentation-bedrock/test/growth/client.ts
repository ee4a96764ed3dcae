/** Reads a long stream through the real SDK client and the instrumentation, without a server. */

import { Readable } from 'node:stream';
import { ConverseStreamCommand, InvokeModelWithResponseStreamCommand } from '@aws-sdk/client-bedrock-runtime';
import { encodeEvent } from 'bedrock-simulator';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { createClient, startTracing } from '../support/tracing.js';
import type { LongStream } from './streams.js';

export async function readThroughClient(
  { modelId }: LongStream,
  events: readonly object[],
  config: BedrockInstrumentationConfig,
): Promise<void> {
  const tracing = startTracing({ config });
  const body = Readable.from(events.map(encode));
  const response = { statusCode: 200, headers: { 'content-type': 'application/vnd.amazon.eventstream' }, body };
  const client = createClient('http://localhost', { requestHandler: { handle: async () => ({ response }) } as never });
  for await (const _event of await send(client, modelId));
  await tracing.close();
}

async function send(
  client: ReturnType<typeof createClient>,
  modelId: string | undefined,
): Promise<AsyncIterable<unknown>> {
  const output =
    modelId === undefined
      ? await client.send(new ConverseStreamCommand({ modelId: 'any', messages: [] }))
      : await client.send(new InvokeModelWithResponseStreamCommand({ modelId, body: '{}' }));
  const stream = 'stream' in output ? output.stream : 'body' in output ? output.body : undefined;
  if (!stream) throw new Error('the answer has no stream');
  return stream;
}

/** The member of an event is its type. Bytes are base64 text on the wire. */
function encode(event: object): Uint8Array {
  const [type = '', members] = Object.entries(event)[0] ?? [];
  const { bytes } = members as { bytes?: Buffer };
  return encodeEvent({ type, payload: bytes ? { bytes: bytes.toString('base64') } : members });
}
