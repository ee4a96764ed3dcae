/** One request to the server. */
export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the tracking URI, with a leading slash and its query. */
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Whether sending the request twice may do harm; then only a request that had no effect is repeated. Default: `false`. */
  once?: boolean;
  /**
   * Whether the server may fail on the content of this request alone. An internal error is then repeated only once, so
   * that the sender has time to look for the fault. Default: `false`.
   */
  mayBeAtFault?: boolean;
  /** Recorded values that this request carries. Messages do not show what an answer quotes of them. Default: none. */
  recorded?: () => Iterable<string>;
  /** Whether a successful answer is plain text, which MLflow labels as HTML. Default: `false`. */
  plainText?: boolean;
  /** Whether only the beginning of a successful answer is read. Default: `false`. */
  beginningOnly?: boolean;
  /** The longest successful answer to read, in bytes. Default: 64 MB. */
  maxAnswerBytes?: number;
  /** Ends the request before its deadline, also while it waits for a repetition. */
  signal?: AbortSignal;
}
