const { converse } = require('./call.cjs');
const newest = require('@aws-sdk/client-bedrock-runtime');
const oldest = require('client-bedrock-runtime-3-600');

converse(oldest).then(() => converse(newest));
