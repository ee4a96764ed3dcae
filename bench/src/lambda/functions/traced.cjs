// The same as traced.mjs.
const { withFlush } = require('mlflow-bedrock/lambda');
const plain = require('./plain.cjs');

exports.handler = withFlush(plain.handler);
