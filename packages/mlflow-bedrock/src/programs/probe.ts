/** Loaded into the application by `mlflow-bedrock doctor app.js`. It does nothing anywhere else. */

import { observe } from '../doctor/probe/observe.js';

observe();
