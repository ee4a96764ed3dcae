import type { ShownText } from '../../common/shown-text.js';
import type { Authorizer } from '../exchange/authorizer.js';
import type { Explain } from '../exchange/outcome.js';
import type { Secret } from '../redact/secrets.js';

/** The operator of the MLflow server: `mlflow` is the user, the others are AWS and Databricks. */
export type TrackingService = 'mlflow' | 'sagemaker' | 'databricks';

/** What a tracking URI stands for: where requests go, and how they are authorized. */
export interface Destination {
  readonly service: TrackingService;
  /** `http:` or `https:`. Routes of MLflow are below its path. */
  readonly address: URL;
  /** Headers of every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** What no message may show. */
  readonly secrets: readonly Secret[];
  /** Called one after the other for each attempt. Each sees the headers of those before it. */
  readonly authorizers: readonly Authorizer[];
  /** Called last, because it signs the headers of the others. Default: none. */
  readonly signer?: Authorizer;
  /** Reads refusals in the service's own words. Default: every answer is MLflow's. */
  readonly explain?: Explain;
  /** What the user should know before anything is sent. Default: nothing. */
  readonly warning?: ShownText;
  /** What to do if the host of the address does not exist. Default: nothing more than to wait. */
  readonly unknownHost?: ShownText;
}
