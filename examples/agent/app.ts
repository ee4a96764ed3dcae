// A function-calling agent (ReAct: the model reasons, asks for tools, reads their results, answers). It makes one trace:
// an AGENT span with a CHAT_MODEL span per call to Bedrock and a TOOL span per tool run.
import {
  BedrockRuntimeClient,
  type ContentBlock,
  ConverseCommand,
  type Message,
  type ToolResultContentBlock,
  type ToolUseBlock,
} from '@aws-sdk/client-bedrock-runtime';
import { explainBedrockError } from '../shared/explain-error.js';
import { inSpan } from './spans.js';
import { runTool, toolDefinitions } from './tools.js';
import { sdk } from './tracing.js';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-pro-v1:0';
const MAX_TURNS = 8;
const bedrock = new BedrockRuntimeClient();

function answerQuestion(question: string): Promise<string> {
  const attributes = {
    'mlflow.spanType': 'AGENT',
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.agent.name': 'weather-agent',
    // MLflow groups traces into sessions and lists them by user.
    'session.id': 'example-session',
    'user.id': 'example-user',
  };
  return inSpan('invoke_agent weather-agent', attributes, { question }, () => think(question));
}

async function think(question: string): Promise<string> {
  const messages: Message[] = [{ role: 'user', content: [{ text: question }] }];
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const { output, stopReason } = await bedrock.send(
      new ConverseCommand({
        modelId,
        system: [{ text: 'You are a travel assistant. Use the tools for weather and time; never guess them.' }],
        messages,
        toolConfig: { tools: toolDefinitions },
      }),
    );
    if (output?.message === undefined) throw new Error('The model answered without a message.');
    messages.push(output.message);
    const content = output.message.content ?? [];
    if (stopReason !== 'tool_use') return content.map((block) => block.text ?? '').join('');
    const calls = content.flatMap((block) => block.toolUse ?? []);
    messages.push({ role: 'user', content: await Promise.all(calls.map(act)) });
  }
  throw new Error(`No answer after ${MAX_TURNS} turns.`);
}

async function act({ name = '', toolUseId, input }: ToolUseBlock): Promise<ContentBlock> {
  const attributes = {
    'mlflow.spanType': 'TOOL',
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': name,
    'gen_ai.tool.call.id': toolUseId,
  };
  try {
    const result = await inSpan(`execute_tool ${name}`, attributes, input, () => runTool(name, input));
    console.log(`  ${name}(${JSON.stringify(input)}) -> ${JSON.stringify(result)}`);
    return { toolResult: { toolUseId, content: [{ json: result } as ToolResultContentBlock] } };
  } catch (error) {
    // Report the error to the model, so that it can try something else.
    return { toolResult: { toolUseId, status: 'error', content: [{ text: (error as Error).message }] } };
  }
}

try {
  const question = 'What is the weather in Paris and Tokyo, and what is the local time there?';
  console.log(question);
  console.log(await answerQuestion(question));
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
} finally {
  // Flushes the last batch. Without it, the last spans of a short program are lost.
  // It rejects if delivery failed. The reason is in the log, and the answer above is valid anyway.
  await sdk.shutdown().catch(() => {});
}
