/** What a Bedrock model identifier tells without asking AWS. */

export interface ModelIdentity {
  /** The model's own id without region prefix or ARN, e.g. `anthropic.claude-3-haiku-20240307-v1:0`; absent when hidden. */
  readonly baseId?: string | undefined;
  /** Who made the model, e.g. `anthropic`; absent when hidden. */
  readonly vendor?: string | undefined;
}

// arn:aws:bedrock:us-east-1::foundation-model/<id>, arn:…:inference-profile/us.<id>. Other resources (application
// inference profiles, provisioned and imported models, prompts, routers, endpoints) hide the model behind their name.
const MODEL_ARN = /^arn:[^:]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)\/(.+)$/;
// Inference profiles put a geography before the vendor: us., eu., jp., apac., us-gov., global. Vendors are longer.
const GEOGRAPHY = /^(?:[a-z]{2}|apac|us-gov|us-iso[a-z]?|global)\./;
const VENDOR = /^([a-z][a-z0-9-]+)\./;

/** Most applications call one model. */
let latest: { readonly modelId: string; readonly identity: ModelIdentity } | undefined;

/** Reads base ids, regional and global inference profiles, and the ARNs that name a model. */
export function identifyModel(modelId: string | undefined): ModelIdentity {
  if (!modelId) return {};
  if (latest?.modelId !== modelId) latest = { modelId, identity: readModelId(modelId) };
  return latest.identity;
}

function readModelId(modelId: string): ModelIdentity {
  const name = modelId.startsWith('arn:') ? MODEL_ARN.exec(modelId)?.[1] : modelId;
  if (!name) return {};
  const baseId = name.replace(GEOGRAPHY, '');
  const vendor = VENDOR.exec(baseId)?.[1];
  return vendor ? { baseId, vendor } : {};
}
