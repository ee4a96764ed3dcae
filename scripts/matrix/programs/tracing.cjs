// Loaded with --require.
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { MlflowSpanExporter, MlflowSpanProcessor } = require('opentelemetry-exporter-mlflow');
const { BedrockInstrumentation } = require('opentelemetry-instrumentation-bedrock');
const { start } = require('./start.cjs');

const isLine2 = process.env.SMOKE_LINE === '2.x';
const { BatchSpanProcessor } = require(isLine2 ? '@opentelemetry/sdk-trace-base' : '@opentelemetry/sdk-trace');
start({ NodeSDK, BatchSpanProcessor, MlflowSpanExporter, MlflowSpanProcessor, BedrockInstrumentation });
