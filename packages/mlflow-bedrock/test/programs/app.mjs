// The same application as an ES module.
import './app.cjs';

if (process.argv[2] === 'awaits a promise at its top level that never settles') await new Promise(() => {});
