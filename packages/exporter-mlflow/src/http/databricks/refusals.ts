import { isRecord, parseJson } from '../../common/json.js';
import { type ShownText, say } from '../../common/shown-text.js';
import { type Explain, type Failure, withoutCredentials } from '../exchange/outcome.js';
import type { HttpAnswer } from '../exchange/result.js';

/** Whether a refusal is about who sends the request, and not about what that user may do. */
export function isAboutCredentials({ status, body }: Pick<HttpAnswer, 'status' | 'body'>): boolean {
  if (status === 401) return true;
  return (
    status === 403 &&
    /\b(?:invalid|expired|unsupported|missing|bad)\b.{0,40}\b(?:token|credentials?|jwt)\b|\b(?:token|jwt|credentials?)\b.{0,40}\b(?:invalid|expired|revoked)\b|ExpiredJwt/i.test(
      body,
    )
  );
}

/** Routes that only tables of Unity Catalog have. */
const CATALOG_PATH = /^\/api\/(?:2\.0\/otel|4\.0)\//;
const SET_HOST = say`set DATABRICKS_HOST, or host in the profile, to the address of the workspace`;

/**
 * Reads refusals of a workspace.
 *
 * @param source where the credentials of the latest request are set; undefined if the application gives them itself
 */
export function explainWorkspace(source: () => ShownText | undefined): Explain {
  return (answer, { url, path, show }) => {
    const { status, headers, body, isRenewed = false } = answer;
    const configuration = (reason: ShownText): Failure => ({ kind: 'configuration', reason });
    const said = saidIn(answer, show);
    const set = source() ?? say`the token or headers option`;
    if (isAboutCredentials({ status, body })) {
      const again = isRenewed ? say`, also after they were read again` : say``;
      const answered = said === '' ? say`${status}` : say`${status}: ${said}`;
      return configuration(
        say`Databricks at ${url} refuses the credentials of ${set}${again} (${answered}): replace them with valid ones of this workspace.`,
      );
    }
    if (status === 403 && /\bIP (?:ACL|access list)/i.test(body)) {
      return configuration(
        say`Databricks at ${url} does not admit this network (403: ${said}): add its address to the IP access lists of the workspace.`,
      );
    }
    if (status === 403) {
      return {
        ...configuration(
          say`Databricks at ${url} does not allow this${said === '' ? say` (403)` : say` (403: ${said})`}: give the user or service principal of ${set} the permission CAN EDIT on the experiment, or MODIFY and SELECT on the tables of Unity Catalog.`,
        ),
        errorCode: 'PERMISSION_DENIED',
      };
    }
    if (status === 400 && /absolute path/i.test(body)) {
      return configuration(
        say`Databricks at ${url} takes only absolute paths as names of experiments (${said}): set experimentName or MLFLOW_EXPERIMENT_NAME to a path such as /Users/<user name>/<name>.`,
      );
    }
    if (status >= 300 && status < 400) {
      return configuration(
        say`${url} redirects to ${show(withoutCredentials(headers.location ?? 'another place'))}, as other pages of Databricks do: ${SET_HOST}.`,
      );
    }
    const code = errorCodeIn(body);
    if (status === 404 && (code === undefined || code === 'ENDPOINT_NOT_FOUND')) {
      return configuration(
        say`${url} lacks a route that Databricks workspaces have (${said === '' ? say`404` : say`404: ${said}`}): ${SET_HOST}.`,
      );
    }
    if (status === 404 && CATALOG_PATH.test(path)) {
      return configuration(
        say`Databricks at ${url} has no tables for traces (404: ${said}): correct tracingDestination or MLFLOW_TRACING_DESTINATION, or link the schema to an experiment first, see https://docs.databricks.com/aws/en/mlflow3/genai/tracing/trace-unity-catalog.`,
      );
    }
    return undefined;
  };
}

function saidIn({ headers, body }: HttpAnswer, show: (text: string) => ShownText): ShownText {
  const parsed = parseJson(body);
  const message = isRecord(parsed) ? (parsed['message'] ?? parsed['error']) : undefined;
  if (typeof message === 'string') return show(message);
  return /html/i.test(headers['content-type'] ?? '') ? say`` : show(body);
}

function errorCodeIn(body: string): unknown {
  const parsed = parseJson(body);
  return isRecord(parsed) ? parsed['error_code'] : undefined;
}
