/**
 * Lengths of the server's columns, in characters. SQLite accepts longer values, but PostgreSQL and MySQL refuse them.
 */
export const LIMITS = {
  preview: 1000,
  clientRequestId: 50,
  key: 250,
  metadataValue: 8000,
  tagValue: 8000,
  /** The part of a tag's value that MLflow shows. */
  shownTagValue: 4096,
  traceName: 4096,
  session: 250,
  spanType: 500,
  /** Name and version of a linked prompt, with the slash between them. */
  promptVersion: 36,
} as const;
