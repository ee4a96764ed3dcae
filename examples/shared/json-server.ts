import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

const MAX_BODY_BYTES = 64 * 1024;

/** An error that the client must correct. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type Body = Readonly<Record<string, unknown>>;

/** Answers a route, such as `POST /chat`. Throws {@link RequestError} for errors that the client must correct. */
export type Handler = (body: Body) => Promise<object>;

/** Creates a server whose requests and answers are JSON. */
export function createJsonServer(routes: Readonly<Record<string, Handler>>): Server {
  return createServer((request, response) => {
    handle(request, routes)
      .then((answer) => send(response, 200, answer))
      .catch((error: unknown) => sendError(response, error));
  });
}

async function handle(request: IncomingMessage, routes: Readonly<Record<string, Handler>>): Promise<object> {
  const route = `${request.method} ${request.url}`;
  const handler = Object.hasOwn(routes, route) ? routes[route] : undefined;
  const body = await readBody(request);
  if (handler === undefined) throw new RequestError(404, `This service has only ${Object.keys(routes).join(' and ')}.`);
  return handler(parseBody(body));
}

/** Reads a body to its end, also beyond the limit, because closing the connection early would lose the answer. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) throw new RequestError(413, `The body may have at most ${MAX_BODY_BYTES} bytes.`);
  return Buffer.concat(chunks).toString();
}

function parseBody(text: string): Body {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body;
  } catch {
    // Not JSON: the error below also fits.
  }
  throw new RequestError(400, 'The body must be a JSON object.');
}

function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof RequestError) {
    send(response, error.status, { error: error.message });
    return;
  }
  // Details of internal errors are for the operator, not for clients.
  console.error(error);
  send(response, 500, { error: 'The service cannot answer now. Try again later.' });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** @throws RequestError if the field is missing, empty or not a string */
export function requireText(body: Body, field: string): string {
  const value = optionalText(body, field);
  if (value === undefined) throw new RequestError(400, `"${field}" is missing.`);
  return value;
}

/** @throws RequestError if the field exists but is empty or not a string */
export function optionalText(body: Body, field: string): string | undefined {
  const value = body[field];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.trim() === '') {
    throw new RequestError(400, `"${field}" must be a non-empty string.`);
  }
  return value;
}
