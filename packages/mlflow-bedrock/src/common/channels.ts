/** Channels of `node:diagnostics_channel` on which tracing reports what it does. All copies of the package share them. */

import { type Channel, channel } from 'node:diagnostics_channel';

/** How `autolog()` started. */
export interface AutologStarted {
  /**
   * `own`: with a tracer provider of its own. `application`: with that of the application. `off`: `OTEL_SDK_DISABLED` is
   * set. `failed`: tracing could not start.
   */
  readonly kind: 'own' | 'application' | 'off' | 'failed';
  /** Address of the server, without credentials. Only for `own`. */
  readonly trackingUri?: string;
  /** Whether the traces go to tables of Unity Catalog, which this package cannot read. Only for `own`. */
  readonly isInCatalog?: boolean;
}

/** Gets an {@link AutologStarted} when `autolog()` starts tracing. */
export const autologStarted: Channel = channel('mlflow-bedrock.autolog');

/** Gets each span that ends. */
export const endedSpans: Channel = channel('mlflow-bedrock.span');
