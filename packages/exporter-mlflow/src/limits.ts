/** Lengths of the server's columns, in characters. SQLite lets longer values pass, PostgreSQL and MySQL do not. */
export const LIMITS = {
  preview: 1000,
  clientRequestId: 50,
  key: 250,
  metadataValue: 8000,
  tagValue: 8000,
  traceName: 4096,
  session: 250,
  spanType: 500,
} as const;
