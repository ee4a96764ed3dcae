/** Parts of `docs/attributes.md` that are written by hand: what the instrumentation takes from which conventions. */

export const CONVENTIONS = `## Conventions

Names of \`gen_ai.*\` follow [semantic conventions v1.41.1](https://github.com/open-telemetry/semantic-conventions/tree/v1.41.1/docs/gen-ai),
the last version before they moved. "Newer conventions" are those of the
[new repository](https://github.com/open-telemetry/semantic-conventions-genai) (v0.1.0), which are in development. An
attribute that they rename is recorded under both names. The old name goes one release after the new one is the default.

| spans | name and kind | from the newer conventions | left out, and why |
|---|---|---|---|
| model calls | \`chat {model}\`, \`text_completion {model}\`, \`generate_content {model}\`; CLIENT, also inside an agent | reasoning level, name, version and variables of prompts, \`cache_write\` beside \`cache_creation\`, tokens of text and speech | cached tokens by modality: the service does not state them. \`type: generic\` for other parts of messages: readers of v1.41.1 know parts by their own types. |
| embeddings | \`embeddings {model}\`; CLIENT | nothing | – |
| agents | \`invoke_agent {agent name}\`, or \`invoke_agent\` if only the id is known; CLIENT, collaborators too | nothing | The newer spans of kind INTERNAL are for agents in the same process. |
| flows | \`invoke_workflow {flow}\`; CLIENT | \`gen_ai.agent.name\` beside \`gen_ai.workflow.name\` | The kind INTERNAL: a flow runs in the service. |
| tools | \`execute_tool {tool}\`; INTERNAL inside an agent, CLIENT if the application calls them in AgentCore | nothing | – |
| lookups | \`retrieval {knowledge base}\`; CLIENT | \`gen_ai.retrieval.top_k\` | The newer name \`retrieval\` and kind INTERNAL, which are for lookups of a framework in the same process. |
| memories | \`create_memory\`, \`search_memory\`, \`update_memory\`, \`delete_memory\`; CLIENT | all of it; v1.41.1 has no memories | – |
| guardrails, reranking, nodes of flows, other operations | the API's own name, such as \`apply_guardrail\`; CLIENT, INTERNAL inside an agent or a flow | nothing | No convention has words for them. |

Finish reasons are the provider's words on \`gen_ai.response.finish_reasons\`, and those of the conventions in
\`gen_ai.output.messages\`, which the newer conventions deprecate there. Log events have the names of v1.41.1.

A [test](../packages/instrumentation-bedrock/test/spans/conventions.test.ts) calls every operation. It compares names, types and
words with the registry in the npm package of the conventions, and content with their JSON schemas.
`;

export const METRICS = `## Metrics

If a meter provider is set, the instrumentation records the metrics of semantic conventions v1.41.1. If the list in
\`OTEL_SEMCONV_STABILITY_OPT_IN\` has \`gen_ai_latest_experimental\`, it also records those of the newer conventions
(v0.1.0), beside the others. Both have the figures of calls that are not sampled, and of work inside the service that an
answer describes.

| figure of \`gen_ai.operation.name\` | v1.41.1 | v0.1.0, if asked for |
|---|---|---|
| duration of \`chat\`, \`text_completion\`, \`generate_content\` | \`gen_ai.client.operation.duration\` | \`gen_ai.client.inference.duration\` |
| duration of \`embeddings\` | the same | \`gen_ai.client.embeddings.duration\` |
| duration of \`retrieval\` | the same | \`gen_ai.retrieval.duration\` |
| duration of \`invoke_agent\`, called by the application | the same | \`gen_ai.client.invoke_agent.duration\` |
| duration of \`invoke_agent\` inside the service, and of \`invoke_workflow\` | the same | \`gen_ai.invoke_agent.duration\` |
| duration of \`execute_tool\` | the same | \`gen_ai.execute_tool.duration\` |
| duration of other operations | the same | no other name |
| time to the first chunk | \`gen_ai.client.operation.time_to_first_chunk\` | \`gen_ai.client.inference.time_to_first_chunk\` |
| time between chunks | \`gen_ai.client.operation.time_per_output_chunk\` | \`gen_ai.client.inference.time_per_output_chunk\` |
| tokens of each inference | \`gen_ai.client.token.usage\` | \`gen_ai.client.inference.operation.input_tokens\`, \`….output_tokens\`: only of calls that did not fail |
| input tokens of each embedding | \`gen_ai.client.token.usage\` | \`gen_ai.client.embeddings.operation.input_tokens\` |
| tokens used in total | – | counters \`gen_ai.client.inference.usage.input_tokens\`, \`….output_tokens\`, \`….cache_read.input_tokens\`, \`….cache_write.input_tokens\`, \`….reasoning.output_tokens\` |

The counters have \`gen_ai.token.modality\`: \`text\` and \`audio\` if the service states them, \`unknown\` for the rest. If
the service states no count, as for a failed call, they count 0. All metrics have operation, provider, models and
host; all but the counters have \`error.type\`. Those of agents, tools and lookups also have the agent, the tool and the
knowledge base. Ids of single sessions and calls are not on metrics.

The names of v1.41.1 stay for one release after the names of v0.1.0 have become the default.
`;
