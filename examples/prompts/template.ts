/**
 * Puts values in the place of a prompt's variables, `{{name}}`.
 *
 * @throws Error for a variable without a value: a model would be sent the bare template
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new Error(`The prompt has a variable "${name}" that the application does not know.`);
    return value;
  });
}
