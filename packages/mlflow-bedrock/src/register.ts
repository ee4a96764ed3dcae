/** Starts tracing before the application: `node --import mlflow-bedrock/register app.js`, or `--require`. */
import { autolog } from './autolog.js';

autolog();
