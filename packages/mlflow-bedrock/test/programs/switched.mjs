// An application that calls autolog() twice, then disables it before its one call.
import assert from 'node:assert';
import { autolog } from 'mlflow-bedrock';

const first = autolog({ experimentName: process.env.MLFLOW_EXPERIMENT_NAME });
assert.equal(autolog(), first);
first.disable();
process.argv[2] = 'comes to its end';
await import('./app.cjs');
