import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { listen } from 'testing/http-server.js';
import { runNode } from 'testing/run.js';
import { widen } from '../nightly/packages.js';

const REPORT = resolve(import.meta.dirname, '../nightly/report.mjs');

describe('the nightly run', () => {
  it('takes newer releases of the AWS SDK and of OpenTelemetry 2.x, and leaves aliases as they are', () => {
    const workspace = 'catalog:\n  "@aws-sdk/client-s3": 3.1.0\n  "@opentelemetry/sdk-node": ^0.223.0\n';
    expect(widen(workspace)).to.equal(
      'catalog:\n  "@aws-sdk/client-s3": ^3.1.0\n  "@opentelemetry/sdk-node": ">=0.223.0 <0.300.0"\n',
    );
    const manifest =
      '"@opentelemetry/core": "^2.12.0 || ^3.1.0", "@opentelemetry/instrumentation": "^0.223.0 || ^0.301.0"';
    expect(widen(manifest)).to.equal(
      '"@opentelemetry/core": "^2.12.0", "@opentelemetry/instrumentation": ">=0.223.0 <0.300.0"',
    );
    const alias = '    "client-3-600": "npm:@aws-sdk/client-s3@3.600.0"';
    expect(widen(alias)).to.equal(alias);
  });

  it('opens one issue that names the failed jobs, and comments on it the next time', async () => {
    const issues: { title: string; body: string; labels: string[]; comments: string[] }[] = [];
    const github = await listen(async (request, response) => {
      const { method, url = '', headers } = request;
      expect(headers.authorization).to.equal('Bearer secret');
      const body = await text(request);
      const answer = (value: object): void => void response.end(JSON.stringify(value));
      if (url.startsWith('/repos/o/r/actions/runs/7/jobs?')) {
        const job = (name: string, conclusion: string) => ({ name, conclusion, html_url: `https://gh/${name}` });
        answer({ jobs: [job('soak', 'failure'), job('coverage', 'success')] });
      } else if (method === 'GET' && url === '/repos/o/r/issues?labels=nightly&state=open&per_page=1') {
        answer(issues.map((_, index) => ({ number: index + 1 })));
      } else if (method === 'POST' && url === '/repos/o/r/issues') {
        issues.push({ ...JSON.parse(body), comments: [] });
        answer({ html_url: 'https://gh/o/r/issues/1' });
      } else if (method === 'POST' && url === '/repos/o/r/issues/1/comments') {
        issues[0]?.comments.push((JSON.parse(body) as { body: string }).body);
        answer({ html_url: 'https://gh/o/r/issues/1#2' });
      } else {
        response.writeHead(404).end();
      }
    });
    const env = {
      GITHUB_API_URL: github.url,
      GITHUB_SERVER_URL: 'https://gh',
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_RUN_ID: '7',
      GITHUB_TOKEN: 'secret',
    };
    try {
      expect(await runNode([REPORT], { env })).to.deep.equal({ code: 0, output: 'https://gh/o/r/issues/1\n' });
      expect(await runNode([REPORT], { env })).to.deep.equal({ code: 0, output: 'https://gh/o/r/issues/1#2\n' });
    } finally {
      await github.close();
    }
    const [issue, ...others] = issues;
    expect(others).to.deep.equal([]);
    expect(issue?.labels).to.deep.equal(['nightly']);
    expect(issue?.body).to.contain(
      'The [nightly run](https://gh/o/r/actions/runs/7) failed:\n\n- [`soak`](https://gh/soak)\n\n',
    );
    expect(issue?.comments).to.deep.equal([issue?.body]);
  });
});
