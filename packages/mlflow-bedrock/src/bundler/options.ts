/** Options of the bundler plugin. */
export interface MlflowBedrockPluginOptions {
  /**
   * Starts tracing before the first line of the application, as `mlflow-bedrock/register` does. Set it to false if the
   * application calls `autolog()` with options, or has an OpenTelemetry set-up of its own. Default: true.
   */
  readonly register?: boolean;
}
