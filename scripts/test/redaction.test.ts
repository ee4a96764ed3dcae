/** Checks without a Collector which names redaction.yaml removes. A long test runs the file in a Collector. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from 'testing/compose.js';
import { documentedAttributes, patternsOf, readNames } from '../docs/redaction.js';

const documented = documentedAttributes(readFileSync(join(ROOT, 'docs/attributes.md'), 'utf8'));
const names = readNames();
const { kept, removed, content } = patternsOf(names, documented);

/** Go's syntax for patterns without regard to case, in JavaScript. */
function re2(pattern: string): RegExp {
  return pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'i') : new RegExp(pattern);
}

/** What the statements of redaction.yaml do with one name. */
function isRemoved(name: string): boolean {
  const goes = removed.some((pattern) => re2(pattern).test(name)) && !re2(kept).test(name);
  return goes || re2(content).test(name);
}

function withKey(name: string): string {
  return name.replace('<key>', 'team').replace('*', 'any.thing');
}

describe('redaction.yaml', () => {
  it('removes what docs/attributes.md calls content, and keeps its other attributes', () => {
    expect(documented.filter(({ isContent }) => isContent)).to.have.length.greaterThan(12);
    for (const { name, isContent } of documented) expect(isRemoved(withKey(name)), name).to.equal(isContent);
  });

  it('removes every name of the list, and all names below it', () => {
    for (const name of names.sources.flatMap((source) => source.content ?? [])) {
      const below = [name, `${name}.0.content`, `${name}.text`].map((one) => [one, isRemoved(one)]);
      expect(below).to.deep.equal(below.map(([one]) => [one, true]));
    }
  });

  it('keeps the names that the list keeps', () => {
    const all = names.sources.flatMap(({ kept = [], url = [] }) => [...kept, ...url]);
    expect(all.map(withKey).filter(isRemoved)).to.deep.equal([]);
  });

  it('has every name of a framework that the exporter reads', () => {
    const folder = join(ROOT, 'packages/exporter-mlflow/src/export/span/conventions');
    const source = ['frameworks.ts', 'chat.ts'].map((file) => readFileSync(join(folder, file), 'utf8')).join('');
    const read = [...source.matchAll(/'([a-z_]+\.[\w.]+)'/g)].map(([, name = '']) => name);
    const listed = names.sources.flatMap((source) => source.content ?? []);
    const isListed = (name: string): boolean => listed.some((above) => `${name}.`.startsWith(`${above}.`));
    expect(read).to.include('anthropic.tool_result.content');
    for (const name of read) expect(re2(kept).test(name) || isListed(name), name).to.equal(true);
  });

  it('removes names that no list has, below the prefixes of the list and by their last word', () => {
    const cases = [
      ...['gen_ai.future.thing', 'GEN_AI.Input.Messages', 'ai.request.headers.x-api-key', 'mlflow.exporter.leftOut'],
      ...['app.userPrompt', 'tool_input', 'messages.0', 'my.messages.0.value', 'final-answer', 'http.request.header.x'],
      ...['x.queryText', 'input_json', 'service.api_key', 'userApiKey', 'set-cookie', 'MESSAGE', 'chat:output'],
    ];
    expect(cases.filter((name) => !isRemoved(name))).to.deep.equal([]);
  });

  it('removes words of content in every spelling, and what a value of content is made into', () => {
    const cases = [
      ...['LLMOutput', 'SQLQuery', 'userPROMPT', 'HTTPBody', 'User Input', 'prompt (raw)', 'user%20prompt', '"prompt"'],
      ...[
        'messages[0]',
        'messages[0].role',
        'input[1]',
        'user_prompt[0]',
        'chat_messages.0.value',
        'chatMessages.0.id',
      ],
      ...['system_prompt_preview', 'inputPreview', 'query_str', 'input_value', 'message_list', 'promptTemplate'],
      ...['agent_goal', 'backstory', 'retrieved_context', 'rag.chunks', 'tool_kwargs', 'tool_definitions', 'image_url'],
    ];
    expect(cases.filter((name) => !isRemoved(name))).to.deep.equal([]);
  });

  it('removes secrets in every spelling, also in front of other words', () => {
    const cases = [
      ...['userAPIKey', 'apiKeyValue', 'OPENAI_API_KEY', 'secretValue', 'private_key', 'privateKey.pem', 'id_token'],
      ...['sessionToken', 'aws_access_key_id', 'app.dsn', 'connectionString', 'auth.bearer', 'x jwt', 'Helicone-Auth'],
    ];
    expect(cases.filter((name) => !isRemoved(name))).to.deep.equal([]);
  });

  it('removes content of the telemetry of coding agents and frameworks, which use short names', () => {
    const claudeCode = ['system_prompt_preview', 'system_reminders', 'new_context', 'response.thinking_output'];
    const crewAi = ['goal', 'backstory', 'crew_tasks_output', 'formatted_expected_output'];
    const others = [
      'request_data',
      'function_args',
      'query_str',
      'nodes.0.text',
      'hidden_params',
      '$ai_output_choices',
    ];
    expect([...claudeCode, ...crewAi, ...others].filter((name) => !isRemoved(name))).to.deep.equal([]);
  });

  it('keeps what describes a service and a call', () => {
    const cases = [
      ...['service.name', 'telemetry.sdk.language', 'deployment.environment.name', 'cloud.region', 'host.name'],
      ...['rpc.system', 'rpc.method', 'messaging.system', 'messaging.destination.name', 'code.function.name'],
      ...['aws.request_id', 'server.address', 'network.peer.port', 'user_agent.original', 'app.tenant'],
      ...[
        'time_to_first_token',
        'time_to_first_chunk',
        'promptTokens',
        'inputTokenCount',
        'response_time',
        'query_count',
      ],
      ...['messaging.message.id', 'CONTENT_TYPE', 'document_count', 'errorCode', 'authenticated', 'text_length'],
      ...['input_tokens', 'usage.prompt_tokens', 'cache_read_tokens', 'mlflow.traceTag.question', 'error.type'],
    ];
    expect(cases.filter(isRemoved)).to.deep.equal([]);
  });
});
