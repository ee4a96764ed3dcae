// An application that makes three spans and keeps running. It calls process.exit() when its parent closes stdin.
import { autolog, traced } from 'mlflow-bedrock';

autolog(JSON.parse(process.argv[2]));
const work = traced('work', () => {});
for (let n = 0; n < 3; n++) work();
process.stdin.resume();
process.stdin.on('end', () => process.exit());
