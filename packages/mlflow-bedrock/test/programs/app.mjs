// The same application as an ES module.
import './app.cjs';
