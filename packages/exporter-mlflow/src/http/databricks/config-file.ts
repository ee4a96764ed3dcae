import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MlflowError } from '../../common/error.js';
import { ownText, type ShownText, say } from '../../common/shown-text.js';
import { readEnvironment } from '../settings/environment.js';

/** A profile of the file in which Databricks' tools keep their settings. */
export interface Profile {
  /** Keys in lower case. */
  readonly values: Readonly<Record<string, string>>;
  /** For messages, as in `profile "DEFAULT" of ~/.databrickscfg`. */
  readonly label: ShownText;
}

const DEFAULT_FILE = '~/.databrickscfg';
const DEFAULT_PROFILE = 'DEFAULT';
/** The section in which Databricks' CLI keeps settings of its own. */
const SETTINGS_SECTION = '__settings__';
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a profile as Databricks' SDKs do: a profile takes nothing from `DEFAULT`. Returns undefined if there is no file,
 * or if no profile was asked for and there is no default.
 *
 * @param name Default: `default_profile` of the file, or `DEFAULT`.
 * @throws MlflowError if the file cannot be read, or lacks a profile that was asked for
 */
export function readProfile(name: string | undefined, env: NodeJS.ProcessEnv): Profile | undefined {
  const path = readEnvironment(env, 'DATABRICKS_CONFIG_FILE') ?? DEFAULT_FILE;
  const text = readText(path);
  if (text === undefined) return undefined;
  const sections = parseSections(text);
  const preset = sections.get(SETTINGS_SECTION)?.['default_profile'];
  const wanted = name ?? (preset || DEFAULT_PROFILE);
  const values = wanted === SETTINGS_SECTION ? undefined : sections.get(wanted);
  if (values !== undefined) return { values, label: say`profile "${ownText(wanted)}" of ${ownText(path)}` };
  if (name === undefined && !preset) return undefined;
  const known = [...sections.keys()].filter((section) => section !== SETTINGS_SECTION);
  const hint =
    known.length === 0 ? 'it has no profiles' : `it has ${known.map((section) => `"${section}"`).join(', ')}`;
  throw new MlflowError(
    `Databricks: ${ownText(path)} has no profile "${ownText(wanted)}" (${ownText(hint)}): correct the profile in trackingUri, MLFLOW_TRACKING_URI or DATABRICKS_CONFIG_PROFILE, or set DATABRICKS_CONFIG_FILE to another file.`,
  );
}

function readText(path: string): string | undefined {
  const refuse = (why: string): never => {
    throw new MlflowError(
      `Databricks: ${ownText(path)} cannot be read (${ownText(why)}): let this process read it, or set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_FILE to another file.`,
    );
  };
  const file = /^~(?=$|[\\/])/.test(path) ? join(homedir(), path.slice(1)) : path;
  try {
    const stats = statSync(file);
    // A pipe or a device could keep the process waiting for its end.
    if (!stats.isFile()) return refuse(stats.isDirectory() ? 'a folder' : 'not a file');
    if (stats.size > MAX_BYTES) return refuse('more than 1 MB');
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof MlflowError) throw error;
    const { code = 'error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    return refuse(code);
  }
}

/** Lines that are neither a section, nor a setting, nor a comment are ignored. */
function parseSections(text: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  let values: Record<string, string> | undefined;
  for (const untrimmed of text.replace(/^\uFEFF/, '').split('\n')) {
    const line = untrimmed.trim();
    const section = /^\[([^\]]*)\]$/.exec(line)?.[1]?.trim();
    if (section !== undefined) {
      values = sections.get(section) ?? {};
      sections.set(section, values);
      continue;
    }
    const end = line.search(/[=:]/);
    if (values !== undefined && end > 0 && !/^[#;]/.test(line))
      values[line.slice(0, end).trimEnd().toLowerCase()] = line.slice(end + 1).trimStart();
  }
  return sections;
}
