import {
  type BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  type Message,
  type ToolUseBlock,
} from '@aws-sdk/client-bedrock-runtime';
import { traced } from 'mlflow-bedrock';

const MAX_TURNS = 8;

/** A tool that a model may call. All tools here take a city. */
export interface AgentTool {
  name: string;
  description: string;
  run(input: { city: string }): Promise<string>;
}

export interface AgentOptions {
  name: string;
  modelId: string;
  instructions: string;
  tools: readonly AgentTool[];
}

/** Creates a function-calling agent. Each task is an AGENT span with its model calls and tools as children. */
export function createAgent(
  bedrock: BedrockRuntimeClient,
  { name, modelId, instructions, tools }: AgentOptions,
): (task: string) => Promise<string> {
  const toolConfig = { tools: tools.map(describe) };

  return traced({ name, spanType: 'AGENT' }, async (task: string) => {
    const messages: Message[] = [{ role: 'user', content: [{ text: task }] }];
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const { output, stopReason } = await bedrock.send(
        new ConverseCommand({ modelId, system: [{ text: instructions }], messages, toolConfig }),
      );
      if (output?.message === undefined) throw new Error('The model answered without a message.');
      messages.push(output.message);
      const content = output.message.content ?? [];
      if (stopReason !== 'tool_use') return content.map((block) => block.text ?? '').join('');
      const calls = content.flatMap((block) => block.toolUse ?? []);
      // The tools of one answer run side by side.
      messages.push({ role: 'user', content: await Promise.all(calls.map((call) => act(call, tools))) });
    }
    throw new Error(`${name} has no answer after ${MAX_TURNS} turns.`);
  });
}

async function act({ name, toolUseId, input }: ToolUseBlock, tools: readonly AgentTool[]): Promise<ContentBlock> {
  try {
    const tool = tools.find((candidate) => candidate.name === name);
    if (tool === undefined) throw new Error(`There is no tool "${name}".`);
    const text = await tool.run(input as { city: string });
    return { toolResult: { toolUseId, content: [{ text }] } };
  } catch (error) {
    // Report the error to the model, so that it can try something else.
    return { toolResult: { toolUseId, status: 'error', content: [{ text: (error as Error).message }] } };
  }
}

function describe({ name, description }: AgentTool) {
  const json = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  return { toolSpec: { name, description, inputSchema: { json } } };
}
