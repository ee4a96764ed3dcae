// The last step of the release workflow: creates a release at GitHub, with its tag, for the version that was published.
// It does nothing if the release exists. Plain JavaScript without dependencies, because this job may write to the
// repository: nothing is installed in it.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const { GITHUB_API_URL = '', GITHUB_REPOSITORY = '', GITHUB_SHA = '', GITHUB_TOKEN = '' } = process.env;
const REPOSITORY = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}`;
/** In the order in which readers look for them. */
const PACKAGES = ['mlflow-bedrock', 'instrumentation-bedrock', 'exporter-mlflow'];
const USAGE = 'Usage: node scripts/release/announce.mjs <folder with the files of the release>';

/**
 * @param {string} url
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
function request(url, options = {}) {
  const headers = { accept: 'application/vnd.github+json', authorization: `Bearer ${GITHUB_TOKEN}` };
  return fetch(url, { ...options, headers: { ...headers, ...options.headers } });
}

/**
 * @param {Response} response
 * @returns {Promise<Response>}
 * @throws Error with GitHub's answer if GitHub refuses the request
 */
async function accepted(response) {
  if (response.ok) return response;
  throw new Error(`${response.url} was answered with ${response.status}: ${await response.text()}`);
}

/**
 * @param {string} folder of a package
 * @returns {{ name: string, version: string, changes: string }} `changes` is the section of its changelog
 * @throws Error if the changelog lacks the version
 */
function readPackage(folder) {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const sections = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8').split(/^## /m);
  const section = sections.find((text) => text.startsWith(`${version}\n`));
  if (section === undefined) throw new Error(`${folder}/CHANGELOG.md has no section "## ${version}".`);
  return { name, version, changes: section.slice(version.length).trim() };
}

/**
 * @param {string} folder
 * @returns {Promise<string>}
 */
async function announce(folder) {
  const packages = PACKAGES.map((entry) => readPackage(join('packages', entry)));
  const tag = `v${packages[0]?.version}`;
  const existing = await request(`${REPOSITORY}/releases/tags/${tag}`);
  if (existing.status !== 404) return `${tag} exists: ${(await (await accepted(existing)).json()).html_url}`;

  const body = packages.map(({ name, changes }) => `## ${name}\n\n${changes}`).join('\n\n');
  // A draft until it has all files, so that a second try finds none that is half done.
  const draft = { tag_name: tag, target_commitish: GITHUB_SHA, name: tag, body, draft: true };
  const created = await accepted(await request(`${REPOSITORY}/releases`, post(draft)));
  const { id, upload_url: upload } = await created.json();
  for (const file of readdirSync(folder)) {
    const url = `${upload.replace(/\{.*/, '')}?name=${encodeURIComponent(file)}`;
    const headers = { 'content-type': 'application/octet-stream' };
    await accepted(await request(url, { method: 'POST', headers, body: readFileSync(join(folder, file)) }));
  }
  const change = { ...post({ draft: false }), method: 'PATCH' };
  const published = await accepted(await request(`${REPOSITORY}/releases/${id}`, change));
  return (await published.json()).html_url;
}

/**
 * @param {object} value
 * @returns {RequestInit}
 */
function post(value) {
  return { method: 'POST', body: JSON.stringify(value) };
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error(USAGE);
console.log(await announce(folder));
