// Loaded with --import; no loader hook.
import { NodeSDK } from '@opentelemetry/sdk-node';
import { MlflowSpanExporter, MlflowSpanProcessor } from 'opentelemetry-exporter-mlflow';
import { BedrockInstrumentation } from 'opentelemetry-instrumentation-bedrock';
import { start } from './start.cjs';

const isLine2 = process.env.SMOKE_LINE === '2.x';
const { BatchSpanProcessor } = await import(isLine2 ? '@opentelemetry/sdk-trace-base' : '@opentelemetry/sdk-trace');
start({ NodeSDK, BatchSpanProcessor, MlflowSpanExporter, MlflowSpanProcessor, BedrockInstrumentation });
