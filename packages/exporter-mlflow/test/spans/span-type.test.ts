/** `mlflow.spanType` on spans that follow other conventions. */

import type { Attributes } from '@opentelemetry/api';
import { expect } from 'chai';
import { testServer } from 'testing/mlflow-test-server.js';
import { sanitizeSpan } from '../../src/export/span/sanitize.js';
import { copySpan } from '../../src/export/span/span.js';
import { MlflowClient, MlflowSpanExporter } from '../../src/index.js';
import { runPython } from '../support/python.js';
import { exportSpans, recordSpans, SUCCESS, uniqueName } from '../support/tracing.js';

const TYPE = 'mlflow.spanType';
const operation = (name: string): Attributes => ({ 'gen_ai.operation.name': name });
const openInference = (kind: string): Attributes => ({ 'openinference.span.kind': kind });
const traceloop = (kind: string): Attributes => ({ 'traceloop.span.kind': kind });
const aiSdk = (id: string): Attributes => ({ 'ai.operationId': id });

/** What MLflow's own translators make of a span, and what the exporter writes. */
const TRANSLATED: [Attributes, string][] = [
  [operation('chat'), 'CHAT_MODEL'],
  [operation('text_completion'), 'LLM'],
  [operation('generate_content'), 'LLM'],
  [operation('embeddings'), 'EMBEDDING'],
  [operation('execute_tool'), 'TOOL'],
  [operation('invoke_agent'), 'AGENT'],
  [operation('create_agent'), 'AGENT'],
  [operation('"execute_tool"'), 'TOOL'],
  ...['LLM', 'CHAIN', 'AGENT', 'TOOL', 'RETRIEVER', 'EMBEDDING', 'RERANKER', 'GUARDRAIL', 'EVALUATOR'].map(
    (kind): [Attributes, string] => [openInference(kind), kind],
  ),
  [traceloop('workflow'), 'WORKFLOW'],
  [traceloop('task'), 'TASK'],
  [traceloop('agent'), 'AGENT'],
  [traceloop('tool'), 'TOOL'],
  [aiSdk('ai.generateText'), 'LLM'],
  [aiSdk('ai.generateText.doGenerate'), 'LLM'],
  [aiSdk('ai.streamText.doStream'), 'LLM'],
  [aiSdk('ai.generateObject'), 'LLM'],
  [aiSdk('ai.toolCall'), 'TOOL'],
  [aiSdk('ai.embed'), 'EMBEDDING'],
  [aiSdk('ai.embed.doEmbed'), 'EMBEDDING'],
  [aiSdk('ai.embedMany'), 'EMBEDDING'],
  [{ 'span.type': 'claude_code.interaction' }, 'AGENT'],
  [{ 'span.type': 'llm_request' }, 'LLM'],
  [{ 'span.type': 'tool', 'entity.type': 'agent' }, 'TOOL'],
  [{ 'span.type': 'memory', 'entity.type': 'agent' }, 'MEMORY'],
  [{ 'entity.type': 'agent' }, 'AGENT'],
  [{ 'lmnr.span.type': 'EXECUTOR' }, 'AGENT'],
  [{ 'langfuse.observation.type': 'retriever' }, 'RETRIEVER'],
  [{ 'gen_ai.request.model': 'm' }, 'LLM'],
  [{ ...openInference('CHAIN'), ...operation('chat') }, 'CHAIN'],
  [{ ...operation('chat'), 'span.type': 'agent' }, 'CHAT_MODEL'],
  [{ ...operation('guess'), ...traceloop('tool') }, 'TOOL'],
];

/** Kinds that MLflow's translators do not know. */
const FURTHER: [Attributes, string][] = [
  [operation('retrieval'), 'RETRIEVER'],
  [operation('invoke_workflow'), 'WORKFLOW'],
  [operation('invoke_graph'), 'WORKFLOW'],
  [operation('execute_node'), 'CHAIN'],
  [operation('memory.search'), 'MEMORY'],
  [{ 'agent_loop.cycle_id': 'cycle-1' }, 'CHAIN'],
  [operation('agent_step'), 'CHAIN'],
  [operation('rerank'), 'RERANKER'],
  [{ 'llm.request.type': 'chat', 'gen_ai.request.model': 'm' }, 'CHAT_MODEL'],
  [{ 'llm.request.type': 'completion' }, 'LLM'],
  [{ 'llm.request.type': 'embedding', 'gen_ai.request.model': 'm' }, 'EMBEDDING'],
  [{ 'llm.request.type': 'rerank' }, 'RERANKER'],
  [aiSdk('ai.embedMany.doEmbed'), 'EMBEDDING'],
  [aiSdk('ai.rerank.doRerank'), 'RERANKER'],
  [{ 'operation.name': 'ai.toolCall search-flights' }, 'TOOL'],
];

const TRANSLATE = `
import json, sys
from mlflow.tracing.otel.translation import translate_span_type_from_otel
spans = json.loads(sys.argv[1])
print(json.dumps([translate_span_type_from_otel({key: json.dumps(value) for key, value in span.items()}) for span in spans]))
`;

function typeOf(attributes: Attributes): unknown {
  const [span] = recordSpans((tracer) => tracer.startSpan('x', { attributes }).end());
  return sanitizeSpan(span!).attributes[TYPE];
}

describe('the type of a span', () => {
  for (const [attributes, type] of [...TRANSLATED, ...FURTHER]) {
    it(`is ${type} for ${JSON.stringify(attributes)}`, () => {
      expect(typeOf(attributes)).to.equal(type);
    });
  }

  it('is the one that MLflow itself shows', async () => {
    const spans = TRANSLATED.map(([attributes]) => attributes).filter(
      (span) => span['gen_ai.operation.name'] !== '"execute_tool"',
    );
    const shown = TRANSLATED.filter(([span]) => spans.includes(span)).map(([, type]) => type);
    expect(await runPython(TRANSLATE, JSON.stringify(spans))).to.deep.equal(shown);
  });

  it('stays what the application set, in either form, and is not guessed for other spans', () => {
    expect(typeOf({ ...operation('chat'), [TYPE]: 'PARSER' })).to.equal('PARSER');
    expect(typeOf({ ...operation('chat'), [TYPE]: '"PARSER"' })).to.equal('PARSER');
    expect(typeOf({ [TYPE]: 'UNKNOWN' })).to.equal('UNKNOWN');
    for (const attributes of [
      {},
      { 'http.request.method': 'GET', 'span.type': 'web', 'operation.name': 'tool' },
      operation('guess'),
      operation('toString'),
      openInference('PROMPT'),
      openInference('UNKNOWN'),
      traceloop('unknown'),
      { 'langfuse.observation.type': 'span' },
      { 'gen_ai.request.model': '' },
    ]) {
      expect(typeOf(attributes), JSON.stringify(attributes)).to.equal(undefined);
    }
  });

  it('replaces a type that says nothing or is not a text', () => {
    expect(typeOf({ ...operation('chat'), [TYPE]: 'UNKNOWN' })).to.equal('CHAT_MODEL');
    expect(typeOf({ ...operation('chat'), [TYPE]: '"UNKNOWN"' })).to.equal('CHAT_MODEL');
    expect(typeOf({ ...operation('chat'), [TYPE]: '' })).to.equal('CHAT_MODEL');
    expect(typeOf({ ...operation('chat'), [TYPE]: ['LLM'] })).to.equal('CHAT_MODEL');
  });

  it('is found by searches on a real server, and a malformed kind does not cost the span its content', async () => {
    const { url } = await testServer();
    const client = new MlflowClient({ trackingUri: url });
    const experimentName = uniqueName('types');
    const { experimentId } = await client.getOrCreateExperiment(experimentName);
    const exporter = new MlflowSpanExporter({ trackingUri: url, experimentName });
    const given: Record<string, Attributes> = {
      'of the conventions': operation('execute_tool'),
      'of OpenInference': openInference('TOOL'),
      'of Traceloop': traceloop('tool'),
      'of the AI SDK': aiSdk('ai.toolCall'),
      'of MLflow': { [TYPE]: '"TOOL"' },
      'a chat': operation('chat'),
      plain: {},
      'a list': { 'openinference.span.kind': ['TOOL'], kept: 'yes' },
      'an object': { 'traceloop.span.kind': '{"a":1}', kept: 'yes' },
    };
    const spans = Object.entries(given).map(([name, attributes]) => {
      const [span] = recordSpans((tracer) => tracer.startSpan(name).end());
      return copySpan(span!, { attributes });
    });
    expect((await exportSpans(exporter, spans)).code).to.equal(SUCCESS);
    await exporter.shutdown();
    const find = async (filter?: string): Promise<string[]> => {
      const { traces } = await client.searchTraces({ experimentIds: [experimentId], ...(filter && { filter }) });
      return traces.map(({ name }) => String(name)).sort();
    };
    expect(await find("span.type = 'TOOL'")).to.deep.equal(
      ['of the conventions', 'of OpenInference', 'of Traceloop', 'of the AI SDK', 'of MLflow'].sort(),
    );
    expect(await find("span.type = 'CHAT_MODEL'")).to.deep.equal(['a chat']);
    expect(await find()).to.have.length(spans.length);
    for (const span of spans.slice(-2)) {
      const { spans: stored } = await client.getTrace(span.spanContext().traceId);
      expect(stored[0]?.attributes['kept']).to.equal('yes');
    }
    client.close();
  });
});
