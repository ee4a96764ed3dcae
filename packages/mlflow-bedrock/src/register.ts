/** Starts tracing before the application: `node --import mlflow-bedrock/register app.js`, or `--require`. */
// package.json gives the CommonJS build to both: as ES modules the same files take about 100 ms more to load.
import { autolog } from './autolog.js';

autolog();
