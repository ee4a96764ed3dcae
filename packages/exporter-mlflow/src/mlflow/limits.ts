/** Lengths of the server's columns, in characters. SQLite lets longer values pass, PostgreSQL and MySQL do not. */
export const LIMITS = {
  preview: 1000,
  clientRequestId: 50,
  key: 250,
  metadataValue: 8000,
  tagValue: 8000,
  /** What MLflow shows of the value of a tag. */
  shownTagValue: 4096,
  traceName: 4096,
  session: 250,
  spanType: 500,
  /** Name and version of a linked prompt, with the slash between them. */
  promptVersion: 36,
} as const;
