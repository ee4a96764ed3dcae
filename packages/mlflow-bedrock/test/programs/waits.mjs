// The same application as an ES module that waits for ever at its top level.
import './autolog.cjs';

await new Promise(() => {});
