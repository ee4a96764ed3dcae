// The same application as an ES module.
import './app.cjs';

if (process.argv[2] === 'waits for ever at its top level') await new Promise(() => {});
