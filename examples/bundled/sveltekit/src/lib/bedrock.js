import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } from '@aws-sdk/client-bedrock-runtime';

const client = new BedrockRuntimeClient();

const inputOf = (question) => ({
  modelId: process.env.BEDROCK_MODEL_ID ?? 'anthropic.claude-3-haiku-20240307-v1:0',
  messages: [{ role: 'user', content: [{ text: question }] }],
});

/** The answer at once. */
export async function ask(question) {
  const { output } = await client.send(new ConverseCommand(inputOf(question)));
  return output.message.content[0].text;
}

/** The answer as it arrives. */
export function stream(question) {
  return ReadableStream.from(textOf(question)).pipeThrough(new TextEncoderStream());
}

async function* textOf(question) {
  const { stream: events } = await client.send(new ConverseStreamCommand(inputOf(question)));
  for await (const { contentBlockDelta } of events) if (contentBlockDelta) yield contentBlockDelta.delta.text;
}
