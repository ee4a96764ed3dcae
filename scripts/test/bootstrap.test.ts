import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';

const ROOT = resolve(import.meta.dirname, '../..');

interface Outcome {
  code: number | null;
  output: string;
}

async function outcome(child: ChildProcessWithoutNullStreams): Promise<Outcome> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** A clone without installed packages. Its task prints the arguments and returns 3. */
class Clone {
  readonly folder = mkdtempSync(join(tmpdir(), 'bootstrap-'));

  constructor() {
    mkdirSync(join(this.folder, 'scripts'));
    mkdirSync(join(this.folder, 'bin'));
    cpSync(join(ROOT, 'scripts/bootstrap.mjs'), join(this.folder, 'scripts/bootstrap.mjs'));
    writeFileSync(join(this.folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(this.folder, 'pnpm-lock.yaml'), "lockfileVersion: '9.0'\n");
    writeFileSync(
      join(this.folder, 'scripts/build.ts'),
      'export const main = async (args: string[]): Promise<number> => { console.log("ran", args); return 3; };',
    );
  }

  /** Replaces `npx` by a script. */
  fakeNpx(script: string): void {
    const file = join(this.folder, 'bin/npx');
    writeFileSync(file, `#!/bin/sh\necho "npx $*" >> npx.log\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** Adds the one installed package that the bootstrap needs. */
  installTsx(): void {
    mkdirSync(join(this.folder, 'node_modules'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules/tsx'), join(this.folder, 'node_modules/tsx'));
  }

  npxCalls(): string[] {
    const log = join(this.folder, 'npx.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }

  start(args: string[], nodeOptions: string[] = []): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [...nodeOptions, 'scripts/bootstrap.mjs', ...args], {
      cwd: this.folder,
      env: { ...process.env, PATH: `${join(this.folder, 'bin')}:/usr/bin:/bin` },
    });
  }

  run(args: string[], nodeOptions?: string[]): Promise<Outcome> {
    return outcome(this.start(args, nodeOptions));
  }

  /** Resolves when the file exists. */
  async appears(name: string): Promise<string> {
    const watcher = watch(this.folder);
    const file = join(this.folder, name);
    while (!existsSync(file)) await once(watcher, 'change');
    watcher.close();
    return file;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe('scripts/bootstrap.mjs', () => {
  let clone: Clone;

  beforeEach(() => {
    clone = new Clone();
  });

  afterEach(() => {
    clone.remove();
  });

  it('installs once, runs the task with its arguments and returns its exit code', async () => {
    clone.fakeNpx('exit 0');
    clone.installTsx();
    const first = await clone.run(['build', '--', '--port', '1']);
    expect(first.output).to.match(
      /^Installing the packages .*\nPackages installed in [\d.]+ s\.\nran \[ '--port', '1' \]\n$/,
    );
    expect(first.code).to.equal(3);
    const second = await clone.run(['build']);
    expect(second.output).to.equal('ran []\n');
    expect(clone.npxCalls()).to.deep.equal(['npx -y pnpm@12 install --frozen-lockfile']);
  });

  it('installs again when the lock file has changed', async () => {
    clone.fakeNpx('exit 0');
    clone.installTsx();
    await clone.run(['build']);
    writeFileSync(join(clone.folder, 'pnpm-lock.yaml'), "lockfileVersion: '9.1'\n");
    await clone.run(['build']);
    expect(clone.npxCalls()).to.have.length(2);
  });

  it('reports a missing network in one line, and keeps the full output', async () => {
    clone.fakeNpx('echo "npm error code ENOTFOUND" >&2; exit 1');
    const { code, output } = await clone.run(['build']);
    expect(output.split('\n').slice(1).join('\n')).to.equal(
      'Installing the packages failed: the npm registry cannot be reached. Check the network connection (and HTTPS_PROXY or the npm registry setting, if you use one), then run the command again. Full output: .mlflow/logs/packages.log\n',
    );
    expect(code).to.equal(1);
    expect(readFileSync(join(clone.folder, '.mlflow/logs/packages.log'), 'utf8')).to.equal(
      'npm error code ENOTFOUND\n',
    );
  });

  it('explains what to do if the lock file is out of date', async () => {
    clone.fakeNpx('echo "ERR_PNPM_OUTDATED_LOCKFILE Cannot install"; exit 1');
    const { output } = await clone.run(['build']);
    expect(output).to.contain('pnpm-lock.yaml does not match a package.json. Run "npx pnpm@12 install" to update it');
  });

  it('installs again after a failed installation', async () => {
    clone.fakeNpx('exit 1');
    clone.installTsx();
    expect((await clone.run(['build'])).output).to.contain('pnpm ended with 1.');
    clone.fakeNpx('exit 0');
    expect((await clone.run(['build'])).output).to.contain('ran []');
  });

  it('asks for a newer Node.js if this one is too old', async () => {
    const older = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.4" } })';
    const { code, output } = await clone.run(['build'], ['--import', `data:text/javascript,${older}`]);
    expect(output).to.equal(
      `This project needs Node.js 20.19 or newer; this is 18.20.4 (${process.execPath}). Install a newer one from https://nodejs.org.\n`,
    );
    expect(code).to.equal(1);
  });

  it('ends the installation too when Ctrl-C ends it', async () => {
    // Renamed into place, so that the file is complete when it appears.
    clone.fakeNpx('echo $$ > npx.new; mv npx.new npx.pid; exec sleep 60');
    const child = clone.start(['build']);
    const ended = outcome(child);
    const pid = Number(readFileSync(await clone.appears('npx.pid'), 'utf8'));
    child.kill('SIGINT');
    expect((await ended).code).to.equal(130);
    expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });
});
