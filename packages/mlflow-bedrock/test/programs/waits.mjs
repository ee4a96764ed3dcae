// The same application as an ES module that awaits a promise at its top level that never settles.
import './autolog.cjs';

await new Promise(() => {});
