/** What `mlflow-bedrock/register` is in an Edge runtime: it does nothing, because tracing needs Node.js. */
export {};
