/** The CloudFormation functions that this app's templates use in the settings of a container. */

/** Values by logical id, or by logical id and attribute: `{ Bucket: 'b', 'Database.Endpoint.Address': '127.0.0.1' }`. */
export type Values = Readonly<Record<string, string>>;

/** @throws Error that names a reference without a value */
export function resolve(value: unknown, values: Values): string {
  if (typeof value === 'string') return value;
  const [[name, argument] = []] = Object.entries(value as Record<string, unknown>);
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map((part) => resolve(part, values)).join(separator);
  }
  const key = name === 'Fn::GetAtt' ? (argument as string[]).join('.') : String(argument);
  const found = ['Ref', 'Fn::GetAtt', 'Fn::ImportValue'].includes(String(name)) ? values[key] : undefined;
  if (found === undefined) throw new Error(`No value for ${JSON.stringify(value)}`);
  return found;
}
