/**
 * The little of the AWS SDK that is used, typed here: the instrumented package is no dependency, and its classes come
 * in as many copies as an application has installed.
 */

export interface SdkCommand {
  readonly input?: unknown;
  readonly schema?: unknown;
  readonly middlewareStack?: object;
  resolveMiddleware?(stack: unknown, config: unknown, options: unknown): unknown;
}

export interface MiddlewareStack {
  /** A new stack of what is on this one and on another. */
  concat(from: unknown): ResolvableStack;
}

export interface ResolvableStack {
  /** Puts all middleware of the stack around the handler that gives the request to the request handler. */
  resolve(handler: Handler, context: unknown): Handler;
}

export type Handler = (args: { readonly request?: unknown }) => Promise<{ readonly response?: unknown }>;

export interface SdkClient {
  readonly config?: { readonly serviceId?: unknown };
}

/** `send` has three overloads; what comes after the command is passed on untouched. */
export type Send = (this: SdkClient, command: SdkCommand, ...rest: unknown[]) => unknown;

/** `serviceId` of the client, with which every AWS client names itself; the patched `send` is shared by all of them. */
export const BEDROCK_RUNTIME_SERVICE_ID = 'Bedrock Runtime';

const names = new WeakMap<object, string | undefined>();

/**
 * The operation of a command, e.g. `Converse`. Newer SDKs carry it in the command's schema; older ones tell it only to
 * middleware. The name of the class is the last resort: minifiers replace it, and bundlers append to it.
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
 * Resolves the middleware of a stand-in for the command, on a stack that takes nothing and keeps the context which
 * middleware would be given. The application's command and client stay as they are.
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
    const standIn: SdkCommand = Object.create(command, { middlewareStack: { value: stack } });
    standIn.resolveMiddleware?.(stack, client.config, {});
  } catch {
    // A command of another make than the SDK's: its class has to do.
  }
  return typeof commandName === 'string' && commandName !== '' ? commandName : undefined;
}
