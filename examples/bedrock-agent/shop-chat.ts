import {
  BedrockAgentRuntimeClient,
  InvokeAgentCommand,
  type ResponseStream,
  type ReturnControlPayload,
  type SessionState,
} from '@aws-sdk/client-bedrock-agent-runtime';
import { traced } from 'mlflow-bedrock';
import { runFunction } from './functions.js';

export interface Answer {
  text: string;
  /** The documents that the agent quotes. */
  sources: string[];
}

const agentId = process.env.BEDROCK_AGENT_ID ?? 'SHOPAGENT1';
const agentAliasId = process.env.BEDROCK_AGENT_ALIAS_ID ?? 'TSTALIASID';
const bedrock = new BedrockAgentRuntimeClient();

/** A session with the agent. The agent remembers the session, so the application sends only the new question. */
export class ShopChat {
  constructor(readonly sessionId: string) {}

  /** Asks a question. It is one trace, also if the agent asks the application to run a function in between. */
  readonly ask = traced({ name: 'chat turn', spanType: 'CHAIN' }, async (question: string): Promise<Answer> => {
    let { answer, control } = await this.#invoke({ inputText: question });
    while (control) ({ answer, control } = await this.#invoke({ sessionState: await runFunctions(control) }));
    return answer;
  });

  async #invoke(input: { inputText?: string; sessionState?: SessionState }) {
    const { completion } = await bedrock.send(
      new InvokeAgentCommand({
        agentId,
        agentAliasId,
        sessionId: this.sessionId,
        // Without the service's traces, the trace in MLflow has the question and the answer, but no steps and no tokens.
        enableTrace: true,
        ...input,
      }),
    );
    return readAnswer(completion ?? []);
  }
}

async function readAnswer(completion: AsyncIterable<ResponseStream> | Iterable<ResponseStream>) {
  const decoder = new TextDecoder();
  const sources = new Set<string>();
  let text = '';
  let control: ReturnControlPayload | undefined;
  for await (const { chunk, returnControl } of completion) {
    // A character can be split between two chunks.
    text += decoder.decode(chunk?.bytes, { stream: true });
    for (const { retrievedReferences } of chunk?.attribution?.citations ?? [])
      for (const { location } of retrievedReferences ?? []) sources.add(location?.s3Location?.uri ?? 'a document');
    control ??= returnControl;
  }
  return { answer: { text, sources: [...sources] }, control };
}

/** Runs the functions that the agent asks for. */
async function runFunctions({ invocationId, invocationInputs = [] }: ReturnControlPayload): Promise<SessionState> {
  const results = invocationInputs.map(async ({ functionInvocationInput: call }) => {
    if (!call) throw new Error('The agent asks for an operation of an API. This example runs only functions.');
    const { actionGroup, function: name = '', parameters = [] } = call;
    const input = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.value]));
    const body = JSON.stringify(await runFunction(name, input));
    return { functionResult: { actionGroup, function: name, responseBody: { TEXT: { body } } } };
  });
  return { invocationId, returnControlInvocationResults: await Promise.all(results) };
}
