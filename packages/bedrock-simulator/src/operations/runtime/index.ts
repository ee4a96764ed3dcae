import { createScriptedModel } from '../../model/scripted-model.js';
import type { Service } from '../operation.js';
import { applyGuardrail } from './apply-guardrail.js';
import { getAsyncInvoke, listAsyncInvokes, startAsyncInvoke } from './async-invoke.js';
import { createAsyncJobs } from './async-jobs.js';
import { invokeModelWithBidirectionalStream } from './bidirectional-stream.js';
import { converse, converseStream } from './converse.js';
import { countTokens } from './count-tokens.js';
import { invokeGuardrailChecks } from './guardrail-checks.js';
import { invokeModel, invokeModelWithResponseStream } from './invoke-model.js';

/** Amazon Bedrock Runtime. */
export const runtime: Service = {
  id: 'bedrock-runtime',
  errors: {},
  streamError: 'modelStreamErrorException',
  start() {
    const model = createScriptedModel();
    const jobs = createAsyncJobs();
    return [
      converse(model),
      converseStream(model),
      invokeModel(model),
      invokeModelWithResponseStream(model),
      invokeModelWithBidirectionalStream(model),
      countTokens,
      applyGuardrail,
      invokeGuardrailChecks,
      startAsyncInvoke(jobs),
      listAsyncInvokes(jobs),
      getAsyncInvoke(jobs),
    ];
  },
};
