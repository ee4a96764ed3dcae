/**
 * The parts of the AWS SDK in use, typed here: the SDK is no dependency of this package, and an application can load its
 * classes in several copies.
 */

export interface SdkCommand {
  readonly input?: unknown;
  readonly schema?: unknown;
  readonly middlewareStack?: object;
  resolveMiddleware?(stack: unknown, config: unknown, options: unknown): unknown;
}

export interface SdkClient {
  readonly config?: { readonly serviceId?: unknown; readonly cacheMiddleware?: unknown };
  readonly middlewareStack?: MiddlewareStack;
}

interface MiddlewareStack {
  add(middleware: Middleware, options: MiddlewareOptions): void;
}

export interface MiddlewareOptions {
  readonly name: string;
  readonly step: 'initialize' | 'deserialize';
  readonly priority: 'low';
  readonly override: boolean;
}

/** Middleware of the step `initialize` gets the input, that of later steps the request, too. */
export type Handler = (args: { readonly input?: unknown; readonly request?: unknown }) => Promise<unknown>;

/** Called once for each handler, which is once for each `send` unless the client caches its handlers. */
export type Middleware = (next: Handler, context: HandlerContext) => Handler;

/** `__smithy_context` is the value of the SDK's `SMITHY_CONTEXT_KEY`. */
export interface HandlerContext {
  readonly __smithy_context?: { readonly commandInstance?: SdkCommand };
}

/** `send` has three overloads. The arguments after the command are passed on unchanged. */
export type Send = (this: SdkClient, command: SdkCommand, ...rest: unknown[]) => unknown;

const names = new WeakMap<object, string | undefined>();

/**
 * Returns the operation of a command, e.g. `Converse`; undefined if it has no name.
 *
 * Since about 3.900 the command's schema names it. Older SDKs name it to their middleware only. The name of the class is
 * the last resort: minifiers replace it, and bundlers append to it.
 */
export function operationName(command: SdkCommand, client: SdkClient): string | undefined {
  const { schema } = command;
  if (Array.isArray(schema) && typeof schema[2] === 'string') return schema[2];
  const commandClass = command.constructor;
  if (!names.has(commandClass)) {
    const commandName = nameForMiddleware(command, client) ?? commandClass.name;
    const name = commandName.replace(/^_+|Command(?:\$?\d+)?$/g, '');
    names.set(commandClass, name === '' ? undefined : name);
  }
  return names.get(commandClass);
}

/**
 * Resolves the middleware of an object that inherits from the command, on a stack that only reads the name which
 * middleware would get. The command and the client stay unchanged.
 */
function nameForMiddleware(command: SdkCommand, client: SdkClient): string | undefined {
  let commandName: unknown;
  const stack = {
    use: () => undefined,
    concat: () => stack,
    resolve: (_handler: unknown, context: { readonly commandName?: unknown }) => {
      commandName = context.commandName;
    },
  };
  try {
    const heir: SdkCommand = Object.create(command, { middlewareStack: { value: stack } });
    heir.resolveMiddleware?.(stack, client.config, {});
  } catch {
    // The command is not one of the SDK; the name of its class is used.
  }
  return typeof commandName === 'string' && commandName !== '' ? commandName : undefined;
}
