/** Starts tracing before the application: `node --import mlflow-bedrock/register app.js`, or `--require`. */
// package.json resolves both to the CommonJS build, because ES modules take about 100 ms longer to load.
import { autolog } from './autolog/autolog.js';

autolog();
