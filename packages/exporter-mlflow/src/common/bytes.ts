const KILOBYTE = 1024;

/** A number of bytes for messages, such as `54 MB`. */
export function readableBytes(bytes: number): string {
  const kilobytes = bytes / KILOBYTE;
  return kilobytes < KILOBYTE ? `${Math.round(kilobytes)} kB` : `${Math.round(kilobytes / KILOBYTE)} MB`;
}
