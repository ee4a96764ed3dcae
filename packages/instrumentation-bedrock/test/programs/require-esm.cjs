// CommonJS that requires an ES module, which imports the SDK.
const { run } = require('./imports-sdk.mjs');

run();
