/** The example of docs/privacy.md for `contentHook`, as it is printed. */

import { readFileSync } from 'node:fs';
import { ConverseCommand, InvokeModelCommand } from '@aws-sdk/client-bedrock-runtime';
import { type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { expect } from 'chai';
import { codeBlocks, sectionOf } from 'testing/markdown.js';
import type { BedrockInstrumentationConfig } from '../../src/index.js';
import { beforeEachTest, type Simulation } from '../support/simulation.js';

const PAGE = readFileSync(new URL('../../../../docs/privacy.md', import.meta.url), 'utf8');
const CARD = 4111111111111111;

describe('the contentHook of docs/privacy.md', () => {
  let simulation: Simulation;
  beforeEachTest((parts) => {
    simulation = parts;
  });
  afterEach(() => diag.disable());

  function printedConfig(): BedrockInstrumentationConfig {
    const [example = ''] = codeBlocks(sectionOf(PAGE, '## Redact content'), 'js');
    let config: BedrockInstrumentationConfig | undefined;
    class Recorder {
      constructor(given: BedrockInstrumentationConfig) {
        config = given;
      }
    }
    new Function('BedrockInstrumentation', example)(Recorder);
    return config as BedrockInstrumentationConfig;
  }

  it('redacts texts, numbers, names of members and bare bodies, and records the rest', async () => {
    const { tracing, client } = simulation;
    const lines: string[] = [];
    const log = (...args: unknown[]): void => void lines.push(args.join(' '));
    const logger: DiagLogger = { error: log, warn: log, info: log, debug: log, verbose: log };
    diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
    tracing.instrumentation.setConfig({ ...printedConfig(), recordStreamEvents: true });
    const modelId = 'amazon.nova-lite-v1:0';
    const input = { card: CARD, [`${CARD}`]: `${CARD}`, price: 12.5, list: [CARD, null, true] };
    await client.send(
      new ConverseCommand({
        modelId,
        messages: [
          { role: 'user', content: [{ text: `My card is ${CARD}.` }] },
          { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'pay', input } }] },
          { role: 'user', content: [{ toolResult: { toolUseId: 't', content: [{ json: input }] } }] },
        ],
      }),
    );
    for (const bare of [
      `${CARD}`,
      ` ${CARD}.0`,
      `-${CARD}`,
      '411111111111111.1e1',
      `"${CARD}"`,
      `[${CARD}]`,
      'null',
      'true',
    ]) {
      await client.send(new InvokeModelCommand({ modelId, body: bare })).catch(() => undefined);
    }
    const recorded = JSON.stringify(
      tracing.spans().map(({ attributes, events, status }) => [attributes, events, status]),
    );
    expect(recorded).to.not.match(/4\.?1{14}/);
    const [converse, ...bodies] = tracing.spans();
    expect(converse?.attributes['mlflow.spanInputs']).to.include('[card number]').and.to.include('12.5');
    for (const { attributes } of bodies.slice(0, -2)) {
      expect(attributes['mlflow.spanInputs']).to.include('[card number]');
    }
    expect(bodies.at(-2)?.attributes['mlflow.spanInputs']).to.include('null');
    expect(bodies.at(-1)?.attributes['mlflow.spanInputs']).to.include('true');
    expect(lines).to.deep.equal([]);
  });
});
