/**
 * The little of the AWS SDK that is used, typed here: the instrumented package is no dependency, and its classes come
 * in as many copies as an application has installed.
 */

export interface SdkCommand {
  readonly input?: unknown;
  readonly schema?: unknown;
  readonly middlewareStack?: MiddlewareStack;
}

export interface MiddlewareStack {
  add(middleware: Middleware, options: MiddlewareOptions): void;
  remove(middleware: Middleware): boolean;
}

export interface MiddlewareOptions {
  readonly step: 'deserialize';
  readonly name: string;
  readonly priority: 'low';
  readonly override: true;
}

export type Middleware = (next: Handler) => Handler;
type Handler = (args: { readonly request?: unknown }) => Promise<{ readonly response?: unknown }>;

export interface SdkClient {
  readonly config?: { readonly serviceId?: unknown };
}

/** `send` has three overloads; what comes after the command is passed on untouched. */
export type Send = (this: SdkClient, command: SdkCommand, ...rest: unknown[]) => unknown;

/** `serviceId` of the client, with which every AWS client names itself; the patched `send` is shared by all of them. */
export const BEDROCK_RUNTIME_SERVICE_ID = 'Bedrock Runtime';

const names = new WeakMap<object, string>();

/**
 * The operation of a command, e.g. `Converse`. Newer SDKs carry it in the command's schema; older ones only in the
 * name of its class, to which bundlers append digits (`ConverseCommand2`).
 */
export function operationName(command: SdkCommand): string | undefined {
  const { schema } = command;
  if (Array.isArray(schema) && typeof schema[2] === 'string') return schema[2];
  const commandClass = command.constructor;
  let name = names.get(commandClass);
  if (name === undefined) {
    name = commandClass.name.replace(/^_+|Command\d*$/g, '');
    names.set(commandClass, name);
  }
  return name === '' ? undefined : name;
}
