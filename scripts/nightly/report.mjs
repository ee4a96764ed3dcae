// The last step of the nightly workflow: opens an issue for a failed run, or comments on the one that is open.
// Plain JavaScript without dependencies, because this job may write issues: nothing is installed in it.

const LABEL = 'nightly';
const {
  GITHUB_API_URL = '',
  GITHUB_REPOSITORY = '',
  GITHUB_RUN_ID = '',
  GITHUB_SERVER_URL = '',
  GITHUB_TOKEN = '',
} = process.env;

/**
 * @param {'GET' | 'POST'} method
 * @param {string} path below the repository
 * @param {object} [body]
 * @returns {Promise<any>}
 * @throws Error with GitHub's answer if GitHub refuses the request
 */
async function request(method, path, body) {
  const response = await fetch(`${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}/${path}`, {
    method,
    headers: { accept: 'application/vnd.github+json', authorization: `Bearer ${GITHUB_TOKEN}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${await response.text()}`);
  return response.json();
}

const { jobs } = await request('GET', `actions/runs/${GITHUB_RUN_ID}/jobs?filter=latest&per_page=100`);
/** @type {{ name: string, html_url: string, conclusion: string }[]} */
const failed = jobs.filter((/** @type {{ conclusion: string }} */ { conclusion }) => conclusion === 'failure');
const run = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
const body = [
  `The [nightly run](${run}) failed:`,
  '',
  ...failed.map(({ name, html_url: url }) => `- [\`${name}\`](${url})`),
  '',
  'Each job is a command that also runs on a developer machine.',
].join('\n');

const [open] = await request('GET', `issues?labels=${LABEL}&state=open&per_page=1`);
const { html_url: url } = open
  ? await request('POST', `issues/${open.number}/comments`, { body })
  : await request('POST', 'issues', { title: 'The nightly run fails', body, labels: [LABEL] });
console.log(url);
