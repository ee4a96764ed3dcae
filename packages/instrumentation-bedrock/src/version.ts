/** The package's version, which names the instrumentation scope; a test holds it against package.json. */
export const VERSION = '0.2.0';
