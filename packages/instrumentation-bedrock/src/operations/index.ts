/** The table of operations: how each is read. */

import { converseApi, converseStreamApi } from './converse.js';
import { invokeModelApi, invokeModelStreamApi } from './invoke-model.js';
import type { Api } from './operation.js';
import { plainApi } from './plain.js';

const INFERENCE: Readonly<Record<string, Api>> = {
  Converse: converseApi,
  ConverseStream: converseStreamApi,
  InvokeModel: invokeModelApi,
  InvokeModelWithResponseStream: invokeModelStreamApi,
};

const plain = new Map<string, Api>();

/** The way to read an operation; for those that are no inference, operation, model and error. */
export function apiOf(operation: string): Api {
  const inference = Object.hasOwn(INFERENCE, operation) ? INFERENCE[operation] : undefined;
  if (inference) return inference;
  let api = plain.get(operation);
  if (!api) {
    api = plainApi(operation);
    plain.set(operation, api);
  }
  return api;
}
