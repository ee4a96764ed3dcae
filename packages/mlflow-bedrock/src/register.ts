/** Starts tracing before the application: `node --import mlflow-bedrock/register app.js`, or `--require`. */
// In package.json, Node.js gets the CommonJS build for both, because ES modules take about 100 ms longer to load. Bundlers
// get the ES module, which they have once then, together with an `import` of the package.
import { autolog } from './autolog/autolog.js';

autolog();
