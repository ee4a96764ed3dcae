import { randomUUID } from 'node:crypto';
import { type BedrockRuntimeClient, ConverseCommand, type Message } from '@aws-sdk/client-bedrock-runtime';
import { traced, updateCurrentTrace } from 'mlflow-bedrock';

const modelId = process.env.BEDROCK_MODEL_ID ?? 'amazon.nova-lite-v1:0';

/** One conversation with one user. A web application would store it under the same id. */
export class ChatSession {
  readonly id = randomUUID();
  readonly #messages: Message[] = [];

  constructor(
    readonly bedrock: BedrockRuntimeClient,
    readonly userId: string,
  ) {}

  /** Asks a question. Each turn of the conversation is one trace. */
  readonly ask = traced({ name: 'chat turn', spanType: 'CHAIN' }, async (question: string): Promise<string> => {
    updateCurrentTrace({ sessionId: this.id, userId: this.userId });
    const messages: Message[] = [...this.#messages, { role: 'user', content: [{ text: question }] }];
    // The model has no memory, so every turn sends the whole conversation.
    const { output } = await this.bedrock.send(new ConverseCommand({ modelId, messages }));
    if (output?.message === undefined) throw new Error('The model answered without a message.');
    // Stored only now, so that a failed turn does not leave a question without an answer.
    this.#messages.push(...messages.slice(-1), output.message);
    return (output.message.content ?? []).map((block) => block.text ?? '').join('');
  });
}
