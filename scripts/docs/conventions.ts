/** Parts of `docs/attributes.md` that are written by hand: what the instrumentation takes from which conventions. */

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

The counters have \`gen_ai.token.modality\`: \`text\` and \`audio\` if the service states them, \`unknown\` for the rest. All
metrics have operation, provider, models, host and \`error.type\`. Those of agents, tools and lookups also have the agent,
the tool and the knowledge base. Ids of single sessions and calls are not on metrics.

The names of v1.41.1 stay for one release after the names of v0.1.0 have become the default.
`;
