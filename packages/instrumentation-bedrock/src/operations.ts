/** The table of traced operations. */

import type { Api } from './apis/api.js';
import { converseApi, converseStreamApi } from './apis/converse.js';
import { invokeModelApi, invokeModelStreamApi } from './apis/invoke-model.js';
import type { BedrockOperation } from './config.js';

const OPERATIONS: Readonly<Record<BedrockOperation, Api>> = {
  Converse: converseApi,
  ConverseStream: converseStreamApi,
  InvokeModel: invokeModelApi,
  InvokeModelWithResponseStream: invokeModelStreamApi,
};

export function isTracedOperation(name: string | undefined): name is BedrockOperation {
  return name !== undefined && Object.hasOwn(OPERATIONS, name);
}

export function apiOf(operation: BedrockOperation): Api {
  return OPERATIONS[operation];
}
