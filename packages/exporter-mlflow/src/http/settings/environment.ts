/** Returns the value of an environment variable, or undefined if it is unset or empty. */
export function readEnvironment(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}
