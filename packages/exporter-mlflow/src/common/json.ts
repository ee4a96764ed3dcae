/** The value that a JSON text stands for; undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether the value is an object with members: not null and not a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text that a JSON string stands for. MLflow's attribute encoding allows both forms. */
export function unquote(text: string): string {
  // Parsing other texts would throw, which costs as much as half a request.
  if (!/^\s*"/.test(text)) return text;
  const value = parseJson(text);
  return typeof value === 'string' ? value : text;
}
