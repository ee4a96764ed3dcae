import { ownText, type ShownText, say } from './shown-text.js';

/** An error of this package. Its message is one line that names the cause and what to do about it. */
export class MlflowError extends Error {
  /** MLflow's error code, for example `RESOURCE_DOES_NOT_EXIST`; undefined if the server sent none. */
  readonly errorCode: string | undefined;
  /** HTTP status of the answer; undefined if there was no answer. */
  readonly status: number | undefined;
  /**
   * Whether this failure is in the log already: the exporter has reported it through `diag`. Loggers can leave out what a
   * span processor logs of it. `false` for errors of a client.
   */
  readonly isReported: boolean;

  /** @param details Default: none of them, and not reported. */
  constructor(
    message: string,
    details: { errorCode?: string | undefined; status?: number | undefined; isReported?: boolean } = {},
  ) {
    super(message);
    this.name = 'MlflowError';
    this.errorCode = details.errorCode;
    this.status = details.status;
    this.isReported = details.isReported ?? false;
  }
}

/** Class and code of an error. Neither is content, unlike its message: V8 quotes the text that is not JSON. Never throws. */
export function nameOfError(error: unknown): ShownText {
  const { isError, name, code } = readError(error);
  if (!isError) return say`something that is not an error`;
  // An application may put anything into these members.
  const kind = NAME.test(name) ? ownText(name) : say`an Error`;
  return CODE.test(code) ? say`${kind} (${ownText(code)})` : kind;
}

/** Class and code of an unforeseen error, and where it occurred, as in `TypeError at parse (rest.js:12)`. */
export function describeFault(error: unknown): ShownText {
  const place = PLACE.exec(readError(error).stack)?.slice(1) ?? [];
  const [file, line] = place;
  return file === undefined ? nameOfError(error) : say`${nameOfError(error)} at ${ownText(`${file}:${line}`)}`;
}

const NAME = /^[A-Z][A-Za-z]{1,49}$/;
// Of the operating system, or of Node.js and its libraries. A key of AWS looks like neither.
const CODE = /^(?:E[A-Z0-9]{2,20}|[A-Z]{2,20}(?:_[A-Z0-9]{1,20}){1,6})$/;
const PLACE = /^ {4}at .*?([\w.-]{1,80}):(\d+):\d+\)?$/m;

function readError(error: unknown): { isError: boolean; name: string; code: string; stack: string } {
  try {
    if (error instanceof Error) {
      const { name, code, stack } = error as NodeJS.ErrnoException;
      return { isError: true, name: String(name), code: String(code), stack: String(stack) };
    }
  } catch {
    // Its members are getters that throw.
  }
  return { isError: false, name: '', code: '', stack: '' };
}
