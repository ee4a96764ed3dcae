const ANSWER_TIMEOUT_MILLIS = 10_000;

/**
 * Checks that an HTTP server answers under a tracking URI.
 *
 * @param advice what the user can do when it does not
 * @returns the URI without a trailing slash
 * @throws Error with one line that ends with the advice
 */
export async function checkTrackingServer(uri: string, advice: string): Promise<string> {
  if (!/^https?:\/\//.test(uri) || !URL.canParse(uri)) {
    throw new Error(`"${uri}" is not the URL of an MLflow server, such as http://localhost:5000. ${advice}`);
  }
  const base = uri.replace(/\/+$/, '');
  try {
    // Any answer will do: what a wrong password or path means is for the exporter to say.
    await fetch(`${base}/health`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MILLIS) });
  } catch (error) {
    const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
    throw new Error(`No MLflow server answers at ${base} (${cause?.code ?? cause?.message ?? message}). ${advice}`);
  }
  return base;
}
