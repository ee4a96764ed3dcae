import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { gitMetadata } from '../src/export/git.js';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const CONFIG = `[core]
	bare = false
[remote "fork"]
	url = git@example.com:me/app.git
[remote "origin"]
	fetch = +refs/heads/*:refs/remotes/origin/*
	url = https://ada:secret@example.com/team/app.git
[branch "main"]
	remote = origin
`;

describe('the repository of the program', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'git-metadata-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }

  it('is found from a folder in it, and its address holds no password', () => {
    write({
      '.git/HEAD': 'ref: refs/heads/feature/x\n',
      '.git/refs/heads/feature/x': `${COMMIT}\n`,
      '.git/config': CONFIG,
      'src/deep/app.ts': '',
    });
    expect(gitMetadata(join(folder, 'src/deep'))).to.deep.equal({
      'mlflow.source.git.branch': 'feature/x',
      'mlflow.source.git.commit': COMMIT,
      'mlflow.source.git.repoURL': 'https://example.com/team/app.git',
    });
  });

  it('may have its branches packed, and be a worktree', () => {
    write({
      'app/.git': `gitdir: ${join(folder, 'main/.git/worktrees/app')}\n`,
      'main/.git/worktrees/app/HEAD': 'ref: refs/heads/main\n',
      'main/.git/worktrees/app/commondir': '../..\n',
      'main/.git/packed-refs': `# pack-refs with: peeled\n${'f'.repeat(40)} refs/heads/maintenance/refs/heads/main-2\n${COMMIT} refs/heads/main\n`,
    });
    expect(gitMetadata(join(folder, 'app'))).to.deep.equal({
      'mlflow.source.git.branch': 'main',
      'mlflow.source.git.commit': COMMIT,
    });
  });

  it('has no branch when a commit is checked out', () => {
    write({ '.git/HEAD': `${COMMIT}\n` });
    expect(gitMetadata(folder)).to.deep.equal({ 'mlflow.source.git.commit': COMMIT });
  });

  it('is missing in most containers', () => {
    expect(gitMetadata(folder)).to.deep.equal({});
    write({ '.git/unexpected': '' });
    expect(gitMetadata(folder)).to.deep.equal({});
    expect(gitMetadata(join(folder, 'removed'))).to.deep.equal({});
  });
});
