/** Sets variables of this process for each test of a suite, and puts back what was there. */
export function eachEnvironment(): { set(variables: Record<string, string | undefined>): void } {
  const before = new Map<string, string | undefined>();
  afterEach(() => {
    for (const [name, value] of before) put(name, value);
    before.clear();
  });
  return {
    set(variables) {
      for (const [name, value] of Object.entries(variables)) {
        if (!before.has(name)) before.set(name, process.env[name]);
        put(name, value);
      }
    },
  };
}

function put(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
