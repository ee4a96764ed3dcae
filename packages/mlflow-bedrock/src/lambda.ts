/** Wraps handlers of AWS Lambda. */
// package.json resolves both formats to the CommonJS build, which `register` has loaded already.
export { withFlush } from './autolog/with-flush.js';
