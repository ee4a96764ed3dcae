import type { Attributes, AttributeValue } from '@opentelemetry/api';

/** The value as MLflow's string columns hold it: strings as they are, all else as JSON. */
export function attributeText(value: AttributeValue | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** First of these attributes that is a non-empty string. */
export function firstString(attributes: Attributes, ...keys: string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** Attributes named `<prefix><key>`, by key, as text. */
export function withPrefix(attributes: Attributes, prefix: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name in attributes) {
    if (name.length <= prefix.length || !name.startsWith(prefix)) continue;
    const text = attributeText(attributes[name]);
    if (text !== undefined) found[name.slice(prefix.length)] = text;
  }
  return found;
}

/** At most `limit` characters, the last three of a longer text being dots; fit for any database. */
export function truncate(text: string, limit: number): string {
  // A lone surrogate half, cut off here or by the application, is no valid UTF-8; zero bytes are refused by PostgreSQL.
  const cut = text.length > limit ? `${text.slice(0, limit - 3)}...` : text;
  return withoutZeroBytes(cut.toWellFormed());
}

/** The text with the replacement character for each zero byte. */
export function withoutZeroBytes(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}
