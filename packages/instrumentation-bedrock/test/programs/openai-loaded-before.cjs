// Two copies are loaded, and the client of one is created, before the instrumentation.
const { chat } = require('./openai-call.cjs');
const newest = require('openai');
const oldest = require('openai-4');

const client = new newest.OpenAI({ apiKey: 'key', baseURL: process.env.AWS_BEDROCK_BASE_URL });
require('./setup.cjs');
chat(newest, client).then(() => chat(oldest));
