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
    mkdirSync(join(this.folder, 'scripts/tools'));
    for (const name of ['package.json', 'package-lock.json']) {
      cpSync(join(ROOT, 'scripts/tools', name), join(this.folder, 'scripts/tools', name));
    }
    writeFileSync(join(this.folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(this.folder, 'pnpm-lock.yaml'), "lockfileVersion: '9.0'\n");
    writeFileSync(
      join(this.folder, 'scripts/build.ts'),
      'export const main = async (args: string[]): Promise<number> => { console.log("ran", args); return 3; };',
    );
  }

  /** Replaces pnpm by a script, which `npm ci` installs. Both write their calls into a log. */
  fakePnpm(script: string): void {
    const pnpm = join(this.folder, 'pnpm.cjs');
    writeFileSync(
      pnpm,
      `const { appendFileSync } = require('node:fs');
      appendFileSync('calls.log', 'pnpm ' + process.argv.slice(2).join(' ') + '\\n');
      ${script}`,
    );
    this.fakeNpm(`mkdir -p node_modules/pnpm/bin && cp '${pnpm}' node_modules/pnpm/bin/pnpm.cjs`);
  }

  /** Replaces npm by a script. */
  fakeNpm(script: string): void {
    const file = join(this.folder, 'bin/npm');
    writeFileSync(file, `#!/bin/sh\necho "npm $1" >> ../../calls.log\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** Adds the one installed package that the bootstrap needs. */
  installTsx(): void {
    mkdirSync(join(this.folder, 'node_modules'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules/tsx'), join(this.folder, 'node_modules/tsx'));
  }

  calls(): string[] {
    const log = join(this.folder, 'calls.log');
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
    clone.fakePnpm('');
    clone.installTsx();
    const first = await clone.run(['build', '--', '--port', '1']);
    expect(first.output).to.match(
      /^Installing the packages .*\nPackages installed in [\d.]+ s\.\nran \[ '--port', '1' \]\n$/,
    );
    expect(first.code).to.equal(3);
    const second = await clone.run(['build']);
    expect(second.output).to.equal('ran []\n');
    expect(clone.calls()).to.deep.equal(['npm ci', 'pnpm install --frozen-lockfile']);
  });

  it('installs again when the lock file has changed', async () => {
    clone.fakePnpm('');
    clone.installTsx();
    await clone.run(['build']);
    writeFileSync(join(clone.folder, 'pnpm-lock.yaml'), "lockfileVersion: '9.1'\n");
    await clone.run(['build']);
    expect(clone.calls()).to.deep.equal([
      'npm ci',
      ...Array.from({ length: 2 }, () => 'pnpm install --frozen-lockfile'),
    ]);
  });

  it('reports a missing network in one line, and keeps the full output', async () => {
    clone.fakeNpm('echo "npm error code ENOTFOUND" >&2; exit 1');
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
    clone.fakePnpm('console.log("ERR_PNPM_OUTDATED_LOCKFILE Cannot install"); process.exit(1);');
    const { output } = await clone.run(['build']);
    expect(output).to.contain(
      'pnpm-lock.yaml does not match a package.json. Run "npm run pnpm -- install" to update it',
    );
  });

  it('installs again after a failed installation', async () => {
    clone.fakeNpm('exit 1');
    clone.installTsx();
    expect((await clone.run(['build'])).output).to.contain('npm ended with 1.');
    clone.fakePnpm('process.exit(1);');
    expect((await clone.run(['build'])).output).to.contain('pnpm ended with 1.');
    writeFileSync(join(clone.folder, 'scripts/tools/node_modules/pnpm/bin/pnpm.cjs'), '');
    expect((await clone.run(['build'])).output).to.contain('ran []');
  });

  it('passes arguments on to pnpm', async () => {
    clone.fakePnpm('process.exit(5);');
    expect((await clone.run(['pnpm', '--', 'install', '--offline'])).code).to.equal(5);
    expect(clone.calls()).to.deep.equal(['npm ci', 'pnpm install --offline']);
  });

  it('refuses a pnpm that is not the one of the lock file', async function () {
    this.timeout(120_000);
    const file = join(clone.folder, 'scripts/tools/package-lock.json');
    const lock = readFileSync(file, 'utf8');
    writeFileSync(file, lock.replace(/"sha512-[^"]{8}/, '"sha512-tampered'));
    const { code, output } = await clone.run(['build']);
    expect(output.split('\n').at(-2)).to.match(
      /^Installing the packages failed: a package is not the one that the lock file names by its hash, so it was not installed\. .*run "npm run update-tools".*Full output: /,
    );
    expect(code).to.equal(1);
    expect(existsSync(join(clone.folder, 'scripts/tools/node_modules/pnpm'))).to.equal(false);
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
    clone.fakeNpm('echo $$ > ../../npm.new; mv ../../npm.new ../../npm.pid; exec sleep 60');
    const child = clone.start(['build']);
    const ended = outcome(child);
    const pid = Number(readFileSync(await clone.appears('npm.pid'), 'utf8'));
    child.kill('SIGINT');
    expect((await ended).code).to.equal(130);
    expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });
});
