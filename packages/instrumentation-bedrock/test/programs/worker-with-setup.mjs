import './setup.mjs';
import './app.mjs';
