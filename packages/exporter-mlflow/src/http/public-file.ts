import { fileURLToPath } from 'node:url';
import { MlflowError, nameOfError } from '../common/error.js';
import { ownText, type Show, type ShownText, say } from '../common/shown-text.js';
import { isOver, type Limit, within } from '../common/waiting.js';
import { connectionBeside, type ResolvedConnection } from './connection.js';
import type { HttpResult } from './exchange/result.js';
import { createHttpTransport } from './transport.js';

/** The text of a file, or why there is none. */
export type PublicFile =
  | { kind: 'text'; text: string }
  /** There is no file at this address. */
  | { kind: 'absent'; reason: ShownText }
  | { kind: 'failed'; reason: ShownText };

interface PublicFileOptions {
  /** The settings of the tracking server. Its proxies are used, and none of its credentials. */
  connection: ResolvedConnection;
  /** A longer file is not read. */
  maxBytes: number;
  show: Show;
  /** Receives headers whose values no message may show. */
  learn: (headers: Readonly<Record<string, string>>) => void;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const OUT_OF_TIME: PublicFile = { kind: 'failed', reason: say`no answer in time` };

/**
 * Reads a file at an `https:`, `http:` or `file:` address. It follows redirects, but not from `https:` to `http:`. A user
 * name and password in the address go to that server only. Never throws.
 */
export async function readPublicFile(address: URL, limit: Limit, options: PublicFileOptions): Promise<PublicFile> {
  if (isOver(limit)) return OUT_OF_TIME;
  const work = address.protocol === 'file:' ? readLocal(address, options) : download(address, limit, options);
  const file = await within(
    limit,
    work.catch((error: unknown): PublicFile => {
      return {
        kind: 'failed',
        reason: error instanceof MlflowError ? options.show(error.message) : nameOfError(error),
      };
    }),
  );
  return file ?? OUT_OF_TIME;
}

async function readLocal(address: URL, { maxBytes }: PublicFileOptions): Promise<PublicFile> {
  try {
    // Loaded only when needed, because Node.js takes more than a millisecond for it.
    const { readFile, stat } = await import('node:fs/promises');
    const path = fileURLToPath(address);
    // Checked before the file is opened, because opening a pipe may wait for ever.
    const status = await stat(path);
    if (!status.isFile()) return { kind: 'failed', reason: say`not a file` };
    if (status.size > maxBytes) return { kind: 'failed', reason: say`more than ${maxBytes / 1024 / 1024} MB` };
    return { kind: 'text', text: await readFile(path, 'utf8') };
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { kind: isAbsent ? 'absent' : 'failed', reason: nameOfError(error) };
  }
}

async function download(address: URL, limit: Limit, options: PublicFileOptions): Promise<PublicFile> {
  let target = address;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const result = await get(target, limit, options);
    if (result.kind === 'no-answer') {
      return { kind: 'failed', reason: result.isOwn ? result.message : options.show(result.message) };
    }
    const { status, headers, body } = result;
    if (status === 200) return { kind: 'text', text: body };
    if (status === 404 || status === 410) return { kind: 'absent', reason: say`${status}` };
    const next = REDIRECTS.has(status) ? followRedirect(target, headers.location) : say`${status}`;
    if (typeof next === 'string') return { kind: 'failed', reason: next };
    target = next;
  }
  return { kind: 'failed', reason: say`more than ${MAX_REDIRECTS} redirects` };
}

async function get(
  target: URL,
  { deadline, signal }: Limit,
  { connection, maxBytes, learn }: PublicFileOptions,
): Promise<HttpResult> {
  const transport = createHttpTransport(connectionBeside(connection, target));
  try {
    const path = `${target.pathname}${target.search}`;
    const headers = basicAuthorization(target);
    if (headers !== undefined) learn(headers);
    const request = { method: 'GET' as const, path, maxAnswerBytes: maxBytes, ...(headers && { headers }) };
    return await transport.send(signal === undefined ? request : { ...request, signal }, deadline);
  } finally {
    transport.close();
  }
}

function basicAuthorization({ username, password }: URL): Record<string, string> | undefined {
  if (username === '' && password === '') return undefined;
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/**
 * The address that a redirect leads to, or why it is not followed. User name and password go along only if it stays on the
 * server.
 */
export function followRedirect(from: URL, location: string | undefined): URL | ShownText {
  if (location === undefined || !URL.canParse(location, from.href)) return say`a redirect without an address`;
  const target = new URL(location, from);
  const { protocol } = target;
  if (protocol !== 'https:' && !(protocol === 'http:' && from.protocol === 'http:')) {
    return say`redirected from ${ownText(from.protocol)} to ${ownText(protocol)}`;
  }
  const isSame = target.origin === from.origin;
  target.username = isSame ? from.username : '';
  target.password = isSame ? from.password : '';
  return target;
}
