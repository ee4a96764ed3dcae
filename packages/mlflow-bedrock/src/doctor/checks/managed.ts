import { catalogSchemaIn, type Environment, trackingServiceIn } from '../../common/environment.js';
import { findings, type Result } from '../model/result.js';

const { ok, warning } = findings('managed');

const URI = 'MLFLOW_TRACKING_URI';
/** They are for servers behind http(s) addresses. */
const LOGIN = ['MLFLOW_TRACKING_USERNAME', 'MLFLOW_TRACKING_PASSWORD', 'MLFLOW_TRACKING_TOKEN'];
const ROLE = 'SAGEMAKER_MLFLOW_ASSUME_ROLE_ARN';
const ENDPOINT = 'SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT';
const DESTINATION = 'MLFLOW_TRACING_DESTINATION';

/** Checks the settings of managed MLflow. Shows values only of harmless ones. */
export function checkManaged(env: Environment): Result[] {
  const schema = catalogSchemaIn(env);
  const service = trackingServiceIn(env);
  const value = (name: string): string | undefined => env[name]?.trim() || undefined;
  if (service === 'mlflow') {
    const unused = [ROLE, ENDPOINT].filter((name) => value(name) !== undefined);
    if (unused.length === 0) return [];
    return [
      warning(
        `${unused.join(', ')} has no effect, because ${URI} is no ARN.`,
        `Set ${URI} to the ARN of the tracking server or app, or unset ${unused.join(', ')}.`,
      ),
    ];
  }
  const results: Result[] = [];
  const login = LOGIN.filter((name) => value(name) !== undefined);
  if (login.length > 0) {
    const instead =
      service === 'sagemaker' ? 'requests to SageMaker are signed' : 'Databricks has variables of its own';
    results.push(warning(`${login.join(', ')} has no effect, because ${instead}.`, `Unset ${login.join(', ')}.`));
  }
  if (service === 'sagemaker' && value(ROLE) !== undefined) {
    results.push(ok(`Requests to MLflow are signed with the role ${value(ROLE)} (${ROLE}).`));
  }
  if (service === 'sagemaker' && value(ENDPOINT) !== undefined) {
    results.push(ok(`${ENDPOINT} replaces the address of SageMaker.`));
  }
  if (service === 'databricks' && schema !== undefined) {
    results.push(ok(`Traces go to tables of Unity Catalog: ${schema} (${DESTINATION}).`));
  }
  return results;
}
