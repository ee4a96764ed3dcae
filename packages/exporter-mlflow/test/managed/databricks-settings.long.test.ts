import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Workspace } from 'testing/managed/databricks/workspace.js';
import { parseHost, readWorkspace } from '../../src/http/databricks/settings.js';
import { eachWorkspace } from '../support/databricks.js';
import { eachTest } from '../support/each-test.js';
import { runPython } from '../support/python.js';

/** Where settings are, with `$` for the address of the workspace. */
interface Case {
  what: string;
  file?: string;
  env?: Record<string, string>;
  profile?: string;
}

const BOTH = '[DEFAULT]\nhost = $/home\ntoken = of-default\n[work]\nhost = $/work\ntoken = of-work\n';
const CASES: readonly Case[] = [
  { what: 'the environment', env: { DATABRICKS_HOST: '$', DATABRICKS_TOKEN: 'of-env' } },
  { what: 'the environment beside a file', file: BOTH, env: { DATABRICKS_HOST: '$', DATABRICKS_TOKEN: 'of-env' } },
  { what: 'a host in the environment, a token in a file', file: BOTH, env: { DATABRICKS_HOST: '$' } },
  { what: 'a token in the environment, a host in a file', file: BOTH, env: { DATABRICKS_TOKEN: 'of-env' } },
  { what: 'the default profile', file: BOTH },
  { what: 'a profile of the environment', file: BOTH, env: { DATABRICKS_CONFIG_PROFILE: 'work' } },
  { what: 'a profile', file: BOTH, profile: 'work' },
  {
    what: 'a profile and another of the environment',
    file: BOTH,
    profile: 'work',
    env: { DATABRICKS_CONFIG_PROFILE: 'x' },
  },
  { what: 'a profile and a token', file: BOTH, profile: 'work', env: { DATABRICKS_TOKEN: 'of-env' } },
  { what: 'a profile and a host', file: BOTH, profile: 'work', env: { DATABRICKS_HOST: '$/env' } },
  { what: 'a profile without a token', file: `${BOTH}[bare]\nhost = $/bare\n`, profile: 'bare' },
  { what: 'no such profile', file: BOTH, profile: 'unknown' },
  { what: 'no such profile in the environment', file: BOTH, env: { DATABRICKS_CONFIG_PROFILE: 'unknown' } },
  { what: 'no file', profile: 'work', env: { DATABRICKS_HOST: '$', DATABRICKS_TOKEN: 'of-env' } },
  { what: 'no default profile', file: '[work]\nhost = $/work\ntoken = of-work\n' },
  { what: 'a preset profile', file: `[__settings__]\ndefault_profile = work\n${BOTH}` },
  { what: 'a preset profile that is missing', file: `[__settings__]\ndefault_profile = unknown\n${BOTH}` },
  { what: 'spellings', file: '; c\n[DEFAULT]\nHOST: $/home/\n# token = no\nToken=a=b:c\n\n' },
  { what: 'a kind of credentials', file: `${BOTH}auth_type = oauth-m2m\n`, profile: 'work' },
  { what: 'nothing' },
];
const HOSTS = [
  'dbc.example',
  'dbc.example/',
  'https://dbc.example:443',
  'http://dbc.example:8080/',
  'https://dbc.example/a/',
];

const PROGRAM = `
import json, os, sys
from databricks.sdk._base_client import _fix_host_if_needed
from databricks.sdk.config import Config

def resolve(case):
    for name in list(os.environ):
        if name.startswith("DATABRICKS_"):
            del os.environ[name]
    os.environ.update(case["env"])
    try:
        config = Config(profile=case.get("profile"))
        return [config.host, config.authenticate()["Authorization"]] if config.host else None
    except ValueError:
        return None

cases, hosts = json.loads(sys.argv[1])
print(json.dumps([[resolve(case) for case in cases], [_fix_host_if_needed(host) for host in hosts]]))
`;

describe('settings of Databricks', () => {
  const { closing } = eachTest();
  const workspaces = eachWorkspace(closing);
  let workspace: Workspace;

  it('have the order and the meaning that they have in Databricks’ SDK', async function () {
    this.timeout(60_000);
    workspace = await workspaces.start();
    const folder = mkdtempSync(join(tmpdir(), 'databricks-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    const fill = (text: string): string => text.replaceAll('$', workspace.url);
    const cases = CASES.map(({ what, file, env = {}, profile }, index) => {
      const path = join(folder, `${index}.cfg`);
      if (file !== undefined) writeFileSync(path, fill(file));
      const filled = Object.entries(env).map(([name, value]) => [name, fill(value)]);
      return { what, profile, env: { ...Object.fromEntries(filled), DATABRICKS_CONFIG_FILE: path } };
    });
    const [theirs, hosts] = (await runPython(PROGRAM, JSON.stringify([cases, HOSTS]))) as [unknown[], string[]];
    const ours = cases.map(({ profile, env }) => resolve(profile, env));
    const named = (resolved: readonly unknown[]): unknown => cases.map(({ what }, index) => [what, resolved[index]]);
    expect(named(ours)).to.deep.equal(named(theirs));
    expect(theirs.filter((resolved) => resolved !== null)).to.have.lengthOf(11);
    expect(HOSTS.map(addressOf)).to.deep.equal(hosts);
  });
});

function resolve(profile: string | undefined, env: NodeJS.ProcessEnv): unknown {
  try {
    const { host, method } = readWorkspace(profile, env);
    if (host === undefined || method === undefined) return null;
    return [addressOf(host), method.kind === 'token' ? `Bearer ${method.token}` : method.kind];
  } catch {
    return null;
  }
}

function addressOf(host: string): string {
  return parseHost(host).href.replace(/\/$/, '');
}
