/** Hands the classes of SDKs in a bundle over to the instrumentation, whose module hooks see no module of a bundle. */

/**
 * The modules that may define a class whose methods the instrumentation replaces: the client of AWS since SDK 3.600, and
 * that of `openai` 4 (in its index) to 7. Bundlers read ES modules or CommonJS.
 */
export const SDK_MODULE: RegExp =
  /[\\/]node_modules[\\/](?:@smithy[\\/](?:core|smithy-client)[\\/]dist-(?:es|cjs)[\\/](?:.*[\\/])?(?:index|client)\.js|openai[\\/](?:client|index)\.m?js)(?:\?|$)/;

/** The definition of the class, which other modules of these names only export again. */
const DEFINITION = /^(?:export )?(?:class|var) (Client|OpenAI)\b/m;

/** Tools expect this comment in the last line. */
const SOURCE_MAP_COMMENT = /\n\/\/# sourceMappingURL=\S*\s*$/;

/**
 * The registry that instrumentations read; see `sdk/handed-over.ts` of `opentelemetry-instrumentation-bedrock`. Bundle and
 * instrumentation may be of different versions.
 */
const REGISTRY = 'globalThis[Symbol.for("opentelemetry-instrumentation-bedrock.sdks.v1")]';

/**
 * Returns the code of a module with a statement at its end that adds its class to the registry. Returns undefined if the
 * module defines none. Lines before the statement stay where they are, so source maps stay right.
 */
export function handOver(code: string): string | undefined {
  const name = DEFINITION.exec(code)?.[1];
  if (name === undefined) return undefined;
  const end = SOURCE_MAP_COMMENT.exec(code)?.index ?? code.length;
  // Another plugin may have moved the class into a function.
  const statement = `\n;typeof ${name} === "function" && (${REGISTRY} ??= []).push({ ${name} });`;
  return code.slice(0, end) + statement + code.slice(end);
}
