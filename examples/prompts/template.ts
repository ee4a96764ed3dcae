/**
 * Replaces a prompt's variables, `{{name}}`, with their values.
 *
 * @throws Error if a variable has no value, because the model would get the bare template
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined)
      throw new Error(`The prompt has the variable "${name}", but the application has no value for it.`);
    return value;
  });
}
