const { chat } = require('./openai-call.cjs');

chat(require('openai'));
