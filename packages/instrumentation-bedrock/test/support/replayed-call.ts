/** Makes the call of an exchange through the real SDK client. */

import {
  ApplyGuardrailCommand,
  type ApplyGuardrailCommandInput,
  type BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseStreamCommandInput,
  CountTokensCommand,
  type CountTokensCommandInput,
  GetAsyncInvokeCommand,
  type GetAsyncInvokeCommandInput,
  InvokeGuardrailChecksCommand,
  type InvokeGuardrailChecksCommandInput,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ListAsyncInvokesCommand,
  StartAsyncInvokeCommand,
  type StartAsyncInvokeCommandInput,
} from '@aws-sdk/client-bedrock-runtime';
import type { ReplayedExchange } from './exchanges.js';

/** What the application receives of a call: the output, its stream drained, or the error. */
export interface ApplicationView {
  readonly output?: unknown;
  readonly events?: readonly unknown[];
  readonly error?: { readonly name: string; readonly message: string; readonly type: unknown };
}

/** Makes the call and returns everything that an application would see, without what differs between two calls. */
export async function call(client: BedrockRuntimeClient, exchange: ReplayedExchange): Promise<ApplicationView> {
  const events: unknown[] = [];
  try {
    return await send(client, exchange, events);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    const { name, message, constructor: type } = error as Error;
    return { error: { name, message, type }, ...(events.length > 0 ? { events } : {}) };
  }
}

async function send(
  client: BedrockRuntimeClient,
  exchange: ReplayedExchange,
  events: unknown[],
): Promise<ApplicationView> {
  switch (exchange.operation) {
    case 'Converse':
      return view(await client.send(new ConverseCommand(converseInput(exchange))));
    case 'ConverseStream': {
      const { stream, ...output } = await client.send(new ConverseStreamCommand(converseInput(exchange)));
      for await (const event of stream ?? []) events.push(event);
      return view(output, events);
    }
    case 'InvokeModel': {
      const { body, ...output } = await client.send(new InvokeModelCommand(invokeInput(exchange)));
      return view({ ...output, body: Buffer.from(body).toString('base64') });
    }
    case 'InvokeModelWithResponseStream': {
      const { body, ...output } = await client.send(new InvokeModelWithResponseStreamCommand(invokeInput(exchange)));
      for await (const event of body ?? []) events.push(event);
      return view(output, events);
    }
    case 'CountTokens':
      return view(await client.send(new CountTokensCommand(countTokensInput(exchange))));
    case 'ApplyGuardrail':
      return view(await client.send(new ApplyGuardrailCommand(plainInput<ApplyGuardrailCommandInput>(exchange))));
    case 'InvokeGuardrailChecks':
      return view(
        await client.send(new InvokeGuardrailChecksCommand(plainInput<InvokeGuardrailChecksCommandInput>(exchange))),
      );
    case 'StartAsyncInvoke':
      return view(await client.send(new StartAsyncInvokeCommand(plainInput<StartAsyncInvokeCommandInput>(exchange))));
    case 'GetAsyncInvoke':
      return view(await client.send(new GetAsyncInvokeCommand(plainInput<GetAsyncInvokeCommandInput>(exchange))));
    case 'ListAsyncInvokes':
      return view(await client.send(new ListAsyncInvokesCommand(plainInput(exchange))));
    default:
      throw new TypeError(`no call for ${exchange.operation}`);
  }
}

/** Request ids differ between two calls. */
function view(
  output: { readonly $metadata: object; readonly body?: unknown },
  events?: readonly unknown[],
): ApplicationView {
  const { requestId, ...$metadata } = output.$metadata as { requestId?: unknown };
  return { output: { ...output, $metadata }, ...(events && { events }) };
}

function invokeInput({ modelId, request }: ReplayedExchange): { modelId: string; body: string; contentType: string } {
  const { body, input } = request;
  return { modelId: modelId ?? '', body: JSON.stringify(body ?? {}), contentType: 'application/json', ...input };
}

function converseInput({ modelId, request }: ReplayedExchange): ConverseStreamCommandInput {
  const body = withBytes(request.body ?? {}, undefined) as Partial<ConverseStreamCommandInput>;
  return { ...body, modelId: modelId ?? '', ...request.input };
}

function countTokensInput({ modelId, request }: ReplayedExchange): CountTokensCommandInput {
  const { input } = request.body as { input: { invokeModel?: { body: unknown } } };
  const { invokeModel } = input;
  const converted = invokeModel ? { invokeModel: { body: bodyBytes(invokeModel.body) } } : withBytes(input, undefined);
  return { modelId: modelId ?? '', input: converted } as CountTokensCommandInput;
}

/** Base64 text in a recording, JSON in a sample. */
function bodyBytes(body: unknown): Buffer {
  return typeof body === 'string' ? Buffer.from(body, 'base64') : Buffer.from(JSON.stringify(body));
}

function plainInput<Input>({ modelId, request }: ReplayedExchange): Input {
  return { ...(modelId === null ? {} : { modelId }), ...(request.body ?? {}), ...request.input } as Input;
}

/** The wire has base64 text where the SDK's input has bytes. */
function withBytes(value: unknown, key: string | undefined): unknown {
  if (key === 'input' || key === 'json' || key === 'additionalModelRequestFields') return value;
  if ((key === 'bytes' || key === 'redactedContent') && typeof value === 'string') return Buffer.from(value, 'base64');
  if (Array.isArray(value)) return value.map((item) => withBytes(item, undefined));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withBytes(member, name)]));
}
