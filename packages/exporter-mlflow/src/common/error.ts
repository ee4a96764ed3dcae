/** What went wrong, in one line that says what to do about it, with MLflow's own classification where there is one. */
export class MlflowError extends Error {
  /** MLflow's error code, for example `RESOURCE_DOES_NOT_EXIST`; absent when the server gave none. */
  readonly errorCode: string | undefined;
  /** HTTP status of the answer; absent when there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, details: { errorCode?: string | undefined; status?: number | undefined } = {}) {
    super(message);
    this.name = 'MlflowError';
    this.errorCode = details.errorCode;
    this.status = details.status;
  }
}
