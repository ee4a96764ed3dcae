/** What a Bedrock model id states about the model. */

export interface ModelIdentity {
  /**
   * The model's own id without region prefix or ARN, e.g. `anthropic.claude-3-haiku-20240307-v1:0`; undefined if the id
   * hides it.
   */
  readonly baseId?: string | undefined;
  /** The company that made the model, e.g. `anthropic`; undefined if the id hides it. */
  readonly vendor?: string | undefined;
}

// arn:aws:bedrock:us-east-1::foundation-model/<id>, arn:…:inference-profile/us.<id>. ARNs of other resources
// (application inference profiles, provisioned and imported models, prompts, routers, endpoints) do not name the model.
const MODEL_ARN = /^arn:[^:]*:bedrock:[^:]*:[^:]*:(?:foundation-model|inference-profile)\/(.+)$/;
// Inference profiles put a geography before the vendor: us., eu., jp., apac., us-gov., global. Vendor names are longer.
const GEOGRAPHY = /^(?:[a-z]{2}|apac|us-gov|us-iso[a-z]?|global)\./;
const VENDOR = /^([a-z][a-z0-9-]+)\./;

/** Reads base ids, regional and global inference profiles, and ARNs that name a model. */
export function identifyModel(modelId: string | undefined): ModelIdentity {
  const name = modelId?.startsWith('arn:') ? MODEL_ARN.exec(modelId)?.[1] : modelId;
  if (!name) return {};
  const baseId = name.replace(GEOGRAPHY, '');
  const vendor = VENDOR.exec(baseId)?.[1];
  return vendor ? { baseId, vendor } : {};
}
