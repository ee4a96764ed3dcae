/**
 * Gives each test of a suite an environment that it may change: afterwards all variables are as before.
 *
 * @param without the variables that a test begins without
 */
export function eachEnvironment(without?: RegExp): { set(variables: Record<string, string | undefined>): void } {
  let before: NodeJS.ProcessEnv = {};
  beforeEach(() => {
    before = { ...process.env };
    for (const name of Object.keys(before)) if (without?.test(name)) delete process.env[name];
  });
  afterEach(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
  return {
    set(variables) {
      for (const [name, value] of Object.entries(variables)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}
