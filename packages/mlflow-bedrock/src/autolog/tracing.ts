/** What `autolog()` starts: one for a tracer provider of its own, one for the application's. */
export interface Tracing {
  /** Sends the spans that ended so far, within the flush timeout. Never rejects. */
  flush(): Promise<void>;
  /** Flushes, then stops for good. Called once. Never rejects. */
  shutdown(): Promise<void>;
  /** Records again after {@link disable}. */
  enable(): void;
  /** Stops recording at once. */
  disable(): void;
}
