/** An error of this package. Its message is one line that names the cause and what to do about it. */
export class MlflowError extends Error {
  /** MLflow's error code, for example `RESOURCE_DOES_NOT_EXIST`; undefined if the server sent none. */
  readonly errorCode: string | undefined;
  /** HTTP status of the answer; undefined if there was no answer. */
  readonly status: number | undefined;

  /** @param details Default: none of them. */
  constructor(message: string, details: { errorCode?: string | undefined; status?: number | undefined } = {}) {
    super(message);
    this.name = 'MlflowError';
    this.errorCode = details.errorCode;
    this.status = details.status;
  }
}
