const ANSWER_TIMEOUT_MILLIS = 10_000;

/** The addresses of an MLflow server that answers. */
export interface TrackingServer {
  /** For programs: with user name and password if there are any, and without a trailing slash. */
  uri: string;
  /** For people: without user name and password. */
  shownUrl: string;
}

/**
 * Checks that an MLflow server answers under a tracking URI.
 *
 * @param advice what the user can do if it does not
 * @throws Error with one line that ends with the advice and contains no password
 */
export async function checkTrackingServer(uri: string, advice: string): Promise<TrackingServer> {
  if (!/^https?:\/\//.test(uri) || !URL.canParse(uri)) {
    // The message does not repeat the text, which may contain a password.
    throw new Error(`This is not the URL of an MLflow server, such as http://localhost:5000. ${advice}`);
  }
  const { url, headers } = splitCredentials(uri);
  const shownUrl = url.href.replace(/\/+$/, '');
  const answer = await ask(`${shownUrl}/health`, headers).catch((error: Error & { cause?: NodeJS.ErrnoException }) => {
    const reason = error.cause?.code ?? error.cause?.message ?? error.message;
    throw new Error(`No MLflow server answers at ${shownUrl} (${reason}). ${advice}`);
  });
  // A server that asks for a password is an MLflow server too. The exporter's message then names the cause.
  if (answer.text.trim() !== 'OK' && answer.status !== 401 && answer.status !== 403) {
    throw new Error(`The server at ${shownUrl} is not an MLflow server (/health: status ${answer.status}). ${advice}`);
  }
  return { uri: uri.replace(/\/+$/, ''), shownUrl };
}

async function ask(url: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MILLIS) });
  return { status: response.status, text: await response.text() };
}

/** `fetch` rejects URLs with credentials. */
function splitCredentials(uri: string): { url: URL; headers: Record<string, string> } {
  const url = new URL(uri);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '') return { url, headers: {} };
  const pair = Buffer.from(`${decodePart(username)}:${decodePart(password)}`).toString('base64');
  return { url, headers: { authorization: `Basic ${pair}` } };
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // It has a single percent sign. The exporter's message explains how to write it.
  }
}
