import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { transform } from 'esbuild';
import { codeBlocks, inlineCode, sectionOf, tableRows } from 'testing/markdown.js';
import { CurrentTraceProcessor, setActiveRun, traced, updateCurrentTrace } from '../src/index.js';
import { usePrograms } from './support/programs.js';
import { recordSpans } from './support/spans.js';

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const AGENTS = readFileSync(new URL('../../../docs/agents.md', import.meta.url), 'utf8');

describe('docs/agents.md', function () {
  this.timeout(120_000);
  const programs = usePrograms();

  it('shows an agent that runs and reads the tokens of its model call back', async () => {
    const [program = ''] = codeBlocks(AGENTS, 'ts');
    const { code } = await transform(program, { loader: 'ts' });
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: PACKAGE,
      env: programs.environment(),
    });
    expect(stderr).to.equal('');
    const [answer, totals = '', ...spans] = stdout.trim().split(/\n(?! |\})/);
    expect(answer).not.to.equal('');
    const usage = /\{ inputTokens: (\d+), outputTokens: (\d+), totalTokens: (\d+) \}$/.exec(
      totals.replaceAll(/\s+/g, ' '),
    );
    expect(totals).to.match(/^session-7 /);
    const [input, output, total] = (usage ?? []).slice(1).map(Number);
    expect(input).to.be.above(0);
    expect(total).to.equal((input ?? 0) + (output ?? 0));
    expect(spans.map((line) => line.replaceAll(/\s+/g, ' '))).to.deep.equal([
      'AGENT weather agent undefined',
      'TOOL get_weather undefined',
      `CHAT_MODEL chat amazon.nova-lite-v1:0 ${usage?.[0]}`,
    ]);
  });
});

it('docs/attributes.md lists exactly the attributes of traced, updateCurrentTrace and setActiveRun', async () => {
  const page = readFileSync(new URL('../../../docs/attributes.md', import.meta.url), 'utf8');
  const rows = tableRows(sectionOf(page, '## Attributes that `mlflow-bedrock` writes'));
  const documented = rows.flatMap(([name = '']) => inlineCode(name));

  const recording = recordSpans(new CurrentTraceProcessor());
  setActiveRun('run-1');
  const tool = traced({ name: 'tool', spanType: 'TOOL' }, (city: string) => city);
  const broken = traced({ name: 'broken', spanType: 'RETRIEVER' }, () => {
    throw new RangeError('too far');
  });
  traced({ name: 'agent', spanType: 'AGENT' }, () => {
    const own = { key: 'value' };
    const previews = { requestPreview: 'asked', responsePreview: 'answered' };
    updateCurrentTrace({ sessionId: 's', userId: 'u', clientRequestId: 'c', tags: own, metadata: own, ...previews });
    updateCurrentTrace({ state: 'OK', modelId: 'm-1' });
    tool('Paris');
    expect(broken).to.throw(RangeError);
  })();
  setActiveRun(undefined);
  const written = recording.spans().flatMap(({ attributes }) => Object.keys(attributes));
  await recording.stop();
  const names = new Set(written.map((name) => name.replace(/(?<=^mlflow\.trace(Tag|Metadata)\.).*/, '<key>')));
  expect(documented).to.have.members([...names]);
});
