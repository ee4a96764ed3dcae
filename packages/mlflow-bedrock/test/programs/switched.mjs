// An application that calls autolog() twice, and disables it before its only call.
import assert from 'node:assert';
import { autolog } from 'mlflow-bedrock';

const first = autolog({ experimentName: process.env.MLFLOW_EXPERIMENT_NAME });
assert.equal(autolog(), first);
first.disable();
process.argv[2] = 'ends by itself';
await import('./app.cjs');
