import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { listen } from 'testing/http-server.js';
import { runNode } from 'testing/run.js';

const ANNOUNCE = resolve(import.meta.dirname, '../release/announce.mjs');
const PACKAGES = { 'mlflow-bedrock': 'one', 'instrumentation-bedrock': 'two', 'exporter-mlflow': 'three' };

interface Release {
  tag_name: string;
  target_commitish: string;
  body: string;
  draft: boolean;
}

describe('scripts/release/announce.mjs', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'announce-'));
    for (const [folder, change] of Object.entries(PACKAGES)) {
      const target = join(root, 'packages', folder);
      mkdirSync(target, { recursive: true });
      writeFileSync(join(target, 'package.json'), JSON.stringify({ name: folder, version: '0.2.0' }));
      writeFileSync(join(target, 'CHANGELOG.md'), `# Changelog\n\n## 0.2.0\n\n- ${change}\n\n## 0.1.0\n\n- old\n`);
    }
    mkdirSync(join(root, 'release'));
    writeFileSync(join(root, 'release', 'a.cdx.json'), 'an SBOM');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('creates one release with the changes and files of all packages, and none the second time', async () => {
    let release: Partial<Release> | undefined;
    const files: Record<string, string> = {};
    const requests: string[] = [];
    const github = await listen(async (request, response) => {
      const { method, url = '', headers } = request;
      expect(headers.authorization).to.equal('Bearer secret');
      requests.push(`${method} ${url}`);
      const body = await text(request);
      const answer = (value: object, status = 200): void => void response.writeHead(status).end(JSON.stringify(value));
      if (url.startsWith('/upload?name=')) {
        files[url.slice('/upload?name='.length)] = body;
        answer({});
      } else if (method === 'GET') {
        answer({ html_url: 'https://gh/o/r/releases/v0.2.0' }, release === undefined ? 404 : 200);
      } else {
        release = { ...release, ...(JSON.parse(body) as Release) };
        answer({ id: 7, upload_url: `${github.url}/upload{?name,label}`, html_url: 'https://gh/o/r/releases/v0.2.0' });
      }
    });
    const env = {
      GITHUB_API_URL: github.url,
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_SHA: 'abc',
      GITHUB_TOKEN: 'secret',
    };
    try {
      const first = await runNode([ANNOUNCE, 'release'], { env, cwd: root });
      expect(first).to.deep.equal({ code: 0, output: 'https://gh/o/r/releases/v0.2.0\n' });
      const second = await runNode([ANNOUNCE, 'release'], { env, cwd: root });
      expect(second).to.deep.equal({ code: 0, output: 'v0.2.0 exists: https://gh/o/r/releases/v0.2.0\n' });
    } finally {
      await github.close();
    }
    expect(release).to.include({ tag_name: 'v0.2.0', target_commitish: 'abc', draft: false });
    expect(release?.body).to.equal(
      '## mlflow-bedrock\n\n- one\n\n## instrumentation-bedrock\n\n- two\n\n## exporter-mlflow\n\n- three',
    );
    expect(files).to.deep.equal({ 'a.cdx.json': 'an SBOM' });
    expect(requests).to.deep.equal([
      'GET /repos/o/r/releases/tags/v0.2.0',
      'POST /repos/o/r/releases',
      'POST /upload?name=a.cdx.json',
      'PATCH /repos/o/r/releases/7',
      'GET /repos/o/r/releases/tags/v0.2.0',
    ]);
  });

  it('names a changelog that lacks the version', async () => {
    writeFileSync(join(root, 'packages', 'exporter-mlflow', 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n');
    const { code, output } = await runNode([ANNOUNCE, 'release'], { env: {}, cwd: root });
    expect(code).to.equal(1);
    expect(output).to.contain('packages/exporter-mlflow/CHANGELOG.md has no section "## 0.2.0".');
  });
});
