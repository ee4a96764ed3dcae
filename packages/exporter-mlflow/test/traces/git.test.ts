import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { gitMetadata } from '../../src/export/program/git.js';

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

  function addressOf(config: string): string | undefined {
    write({ '.git/HEAD': 'ref: refs/heads/main\n', '.git/config': config });
    return gitMetadata(folder)['mlflow.source.git.repoURL'];
  }
  const origin = (url: string): string => `[remote "origin"]\n\turl = ${url}\n`;

  const shown: [string, string][] = [
    ['https://example.com/team/app.git', 'https://example.com/team/app.git'],
    ['https://example.com:8443/team/app.git', 'https://example.com:8443/team/app.git'],
    ['"https://ada:Kq7pw@example.com/team/app"', 'https://example.com/team/app'],
    ['https://Kq7pw@example.com/a/b', 'https://example.com/a/b'],
    ['https://Kq7pw:x-oauth-basic@example.com/a/b', 'https://example.com/a/b'],
    ['https://ada:Kq7%40pw@example.com/a/b', 'https://example.com/a/b'],
    ['https://ada:Kq7@pw@example.com/a/b', 'https://example.com/a/b'],
    ['https:\\/\\/ada:Kq7pw@example.com/a/b', 'https://example.com/a/b'],
    ['https://example.com/a/b?private_token=Kq7pw', 'https://example.com/a/b'],
    ['"https://example.com/a/b#Kq7pw" ; Kq7pw', 'https://example.com/a/b'],
    ['https://example.com/a/b ; old password: Kq7pw', 'https://example.com/a/b'],
    ['https://ada:Kq7\\\npw@example.com/a/b', 'https://example.com/a/b'],
    ['HTTPS://ada:Kq7pw@Example.com/a/b', 'https://example.com/a/b'],
    ['ssh://ada:Kq7pw@example.com:2222/a/b.git', 'ssh://example.com:2222/a/b.git'],
    ['git://example.com/a/b.git', 'git://example.com/a/b.git'],
    ['git@example.com:a/b.git', 'git@example.com:a/b.git'],
    ['example.com:a/b.git', 'ssh://example.com/a/b.git'],
    ['x-oauth:Kq7pw@example.com:a/b.git', 'ssh://example.com/a/b.git'],
    ['Kq7pw@example.com:/a/b.git', 'ssh://example.com/a/b.git'],
    ['codecommit::eu-central-1://app', 'codecommit::eu-central-1://app'],
    ['codecommit://Kq7pw@app', 'codecommit://app'],
  ];
  for (const [url, address] of shown) {
    it(`has the address ${address} if the setting is ${JSON.stringify(url)}`, () => {
      expect(addressOf(origin(url))).to.equal(address);
    });
  }

  const hidden = [
    'http::https://ada:Kq7pw@example.com/a/b',
    'ext::ssh -i /home/ada/key Kq7pw@example.com %S a/b',
    'other::eu-central-1://Kq7pw@app',
    'https://ada/Kq7pw@example.com/a/b',
    'https://ada:Kq7/pw@example.com/a/b',
    'https://Kq7pw%40example.com/a/b',
    'ssh://Kq7pw%40example.com/a/b',
    '"https://example.com/a/b;token=Kq7pw"',
    'https://example.com/ada:Kq7pw%40/a/b',
    'https://example.com/glpat-Kq7pwKq7pwKq7pw/b.git',
    'ghp_Kq7pwKq7pwKq7pw@x:ghp_Kq7pwKq7pwKq7pw',
    '/home/ada/app.git',
    '../ada/app.git',
    '~/app.git',
    'file:///home/ada/app.git',
    'codecommit://ghp_abcdef0123456789',
    'C:\\\\Users\\\\ada\\\\app',
    'C:/Users/ada/app',
    's3://Kq7pw:key@bucket/app',
    'javascript:Kq7pw',
    '"https://ada:Kq7pw@[bad/a/b"',
    '',
  ];
  for (const url of hidden) {
    it(`has no address if the setting is ${JSON.stringify(url)}`, () => {
      expect(addressOf(origin(url))).to.equal(undefined);
    });
  }

  it('has the first address of origin among several, and no address for pushing', () => {
    const config = `[Remote "fork \\"x\\""] URL = https://example.com/fork.git
[url "https://ada:Kq7pw@example.com/"]
  insteadOf = gh:
[remote "origin"] # team
  pushurl = https://ada:Kq7pw@example.com/push.git
  url = https://ada:Kq7pw@example.com/first.git
  url = https://ada:Kq7pw@example.com/second.git
[include]
  path = /home/ada/more
`;
    expect(addressOf(config)).to.equal('https://example.com/first.git');
    expect(addressOf(config.replace('origin', 'other'))).to.equal('https://example.com/fork.git');
  });

  it('has no branch whose name cannot be one, or holds a token', () => {
    for (const branch of ['a b', 'x\u001b[31m', 'a\u202eb', 'x'.repeat(300), 'ghp_Kq7pwKq7pwKq7pw']) {
      write({ '.git/HEAD': `ref: refs/heads/${branch}\n`, '.git/config': '' });
      expect(gitMetadata(folder)).to.deep.equal({});
    }
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
