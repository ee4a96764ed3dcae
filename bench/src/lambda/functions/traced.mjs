// A function whose tracing NODE_OPTIONS starts.
import { withFlush } from 'mlflow-bedrock/lambda';
import { handler as plain } from './plain.mjs';

export const handler = withFlush(plain);
