// An application with a diag logger of its own.
const { DiagLogLevel, diag } = require('@opentelemetry/api');

const log = (message) => console.error(message);
diag.setLogger({ error: log, warn: log, info: log, debug: log, verbose: log }, DiagLogLevel.WARN);
require('mlflow-bedrock').autolog();
process.argv[2] = 'ends by itself';
require('./app.cjs');
