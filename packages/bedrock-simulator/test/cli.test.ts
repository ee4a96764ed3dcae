import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { expect } from 'chai';
import { closeAll, simulator, userMessage } from './support.js';

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
const started: ChildProcess[] = [];

function start(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

/** Runs a command line that ends by itself, and returns its output and exit code. */
async function run(...args: string[]) {
  const child = start(...args);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += String(bytes)));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

describe('the command line', () => {
  afterEach(closeAll);
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  it('describes itself and its use, answers requests, and ends on SIGINT', async () => {
    const child = start('--', '--port', '0');
    let output = '';
    for await (const bytes of child.stdout.iterator({ destroyOnReturn: false })) {
      output += String(bytes);
      if (output.includes('AWS_SECRET_ACCESS_KEY')) break;
    }
    const [, url = ''] = /AWS_ENDPOINT_URL_BEDROCK_RUNTIME=(\S+)/.exec(output) ?? [];
    expect(output).to.equal(`bedrock-simulator listens on ${url}
This is a local simulator, not Amazon Bedrock: no model runs and all answers are scripted or replayed.
Point an application at it with

  export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=${url}
  export AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME=${url}
  export AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=${url}
  export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=simulator AWS_SECRET_ACCESS_KEY=simulator
`);
    const settings = {
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: url,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'simulator',
      AWS_SECRET_ACCESS_KEY: 'simulator',
    };
    const before = Object.keys(settings).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, settings);
    try {
      const bedrock = new BedrockRuntimeClient();
      const answer = await bedrock.send(new ConverseCommand({ modelId: 'm', messages: [userMessage('Hello')] }));
      expect(answer.stopReason).to.equal('end_turn');
      // The client stays open, because the end must not wait for idle connections.
      child.kill('SIGINT');
      expect(await once(child, 'exit')).to.deep.equal([0, null]);
      bedrock.destroy();
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });

  it('explains what to do if the port is in use', async () => {
    const { port } = new URL((await simulator()).url);
    expect(await run('--port', port)).to.deep.equal({
      code: 1,
      output: `bedrock-simulator: port ${port} is in use. Choose another with --port, or leave --port out.\n`,
    });
  });

  it('names the wrong port or directory', async () => {
    expect((await run('--port', 'many')).output).to.equal(
      'bedrock-simulator: --port must be a number from 0 to 65535, not "many".\n',
    );
    expect((await run('--exchanges', '/does/not/exist')).output).to.equal(
      'bedrock-simulator: the directory /does/not/exist does not exist. Check --exchanges.\n',
    );
  });

  it('shows its options with --help', async () => {
    expect((await run('--help')).output).to.match(/^Usage: pnpm --filter bedrock-simulator start -- \[--port PORT\]/);
    expect((await run('--nope')).output).to.match(/^bedrock-simulator: Unknown option '--nope'[\s\S]*Usage:/);
  });
});
