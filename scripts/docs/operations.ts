/** The part of `docs/attributes.md` about what the instrumentation reads of each operation. Written by hand. */

export const OPERATIONS = `## Operations and models

| operation | what the instrumentation reads |
|---|---|
| Converse, ConverseStream | everything, for every model |
| InvokeModel, InvokeModelWithResponseStream | the formats of Anthropic Claude (Messages, and the text completions of Claude 2), Amazon Nova, Titan text, Meta Llama, Mistral, Cohere Command and Command R, AI21 Jamba, TwelveLabs Pegasus, and OpenAI's chat and completions (gpt-oss, DeepSeek, Qwen, Writer, imported and Marketplace models) |
| InvokeModel | the formats of Titan, Cohere, Nova and TwelveLabs Marengo embeddings, Cohere and Amazon Rerank, AI21 Jurassic-2, Titan and Nova images, Stability images |
| InvokeModelWithBidirectionalStream | [voice sessions](voice.md) of Amazon Nova Sonic: turns, tool calls, interruptions, tokens of text and speech; no audio |
| ApplyGuardrail | guardrail, action with its reason and origin, number of assessments |
| CountTokens | the count, as \`aws.bedrock.counted_input_tokens\` and not as usage |
| InvokeGuardrailChecks | the messages, the requested checks, the highest severity, number of sensitive entities |
| StartAsyncInvoke, GetAsyncInvoke, ListAsyncInvokes | invocation ARN, status, model, the model's input, number of invocations |
| InvokeAgent, InvokeInlineAgent | [agents](bedrock-agents.md): input, answer with citations, returned control, files; with \`enableTrace\` a span for each model call, action, lookup, guardrail and collaborator |
| Retrieve, RetrieveAndGenerate and its stream, Rerank, AgenticRetrieveStream | [knowledge bases](knowledge-bases.md): query, documents with scores, answer with citations |
| InvokeFlow | [flows](knowledge-bases.md#flows): inputs, outputs, and with \`enableTrace\` each node with what it called |
| all others of \`@aws-sdk/client-bedrock-agent-runtime\` | ids, input and output |
| InvokeAgentRuntime, InvokeHarness | [AgentCore](agentcore.md): payload, messages, answer; the trace context is sent to the agent |
| all others of \`@aws-sdk/client-bedrock-agentcore\` | [tools, memory and others](agentcore.md): ids, input and output; nothing of credentials and payments |
| chat completions, completions, responses and embeddings of OpenAI's API | messages, instructions, tools, reasoning, refusals; calls of tools that the service runs, with their results; cached and reasoning tokens; vectors without their numbers |
| any other | operation, model and error; no content |

- Text between \`<think>\` tags at the start of an answer is reasoning, in OpenAI's formats and Llama's. This holds for
  \`<reasoning>\` and \`[THINK]\`, too, and for a lone \`</think>\` if the prompt has the opening tag. \`mlflow.spanOutputs\` keeps
  the text of the provider.
- A tool result that is an error has \`is_error: true\` in \`gen_ai.input.messages\`. Custom tools, and tools that the provider
  runs, have their type in \`tool_type\`.
- Bodies in another format are recorded unchanged. [Their tokens](tokens-and-cost.md) come from headers or stream metrics.
- Some model ids, such as those of application inference profiles, do not contain the model. Then the members of the body
  decide the format.
- MLflow shows InvokeModel conversations of Claude, Nova and OpenAI's format as chats, and those of OpenAI's API.
  \`mlflow.spanInputs\` and \`mlflow.spanOutputs\` have all members of request and answer, and beside them what MLflow's page
  needs: the system prompt is also the first message. Reasoning of Converse is also the last text of its message, with the
  member \`shows\`. Claude's messages have a \`type\` and \`tool_calls\`, and each tool result is a message. What the page
  shows in another form is in \`original\`.

[Samples](../packages/instrumentation-bedrock/test/samples) of each format and operation have the exchange with Bedrock and what
the span must say. A test replays them through the AWS SDK.
`;
