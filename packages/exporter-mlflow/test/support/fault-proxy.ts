import { EventEmitter, once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

/** A fault of one request. `before`: the server does not see the request. `after`: the server has accepted it. */
export type Fault =
  | { kind: 'delay'; millis: number }
  /** The server gets the request after this. */
  | { kind: 'overtaken'; by: () => Promise<void> }
  | { kind: 'reset'; when: 'before' | 'after' }
  | { kind: 'silence'; when: 'before' | 'after' }
  /** The proxy answers, and the server never sees the request. */
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: string }
  /** The server's answer in small pieces, each after a pause. */
  | { kind: 'dribble'; pieces: number; pauseMillis: number }
  /** The server's answer with other headers. */
  | { kind: 'headers'; headers: Record<string, string> }
  /** The server's answer, which breaks off before the length it announced. */
  | { kind: 'truncate' };

export interface FaultRule {
  /** Matched against method and path, as in `POST /v1/traces`. Default: every request. */
  route?: RegExp;
  /** How many matching requests it hits. Default: 1. */
  times?: number;
  fault: Fault;
}

export interface FaultProxy {
  url: string;
  /** Method and path without query of every request, in their order. */
  requests: string[];
  /** Waits until the server itself has answered with this status. */
  answered(status: number): Promise<void>;
  /** Adds rules after the existing ones. */
  add(...rules: FaultRule[]): void;
  /** Removes all rules. */
  heal(): void;
  /** Returns rules that did not hit as often as they should. A test with such a rule tested nothing. */
  unused(): FaultRule[];
  close(): Promise<void>;
}

interface UpstreamAnswer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export const UPLOAD: RegExp = /^POST \/v1\/traces$/;
export const RECORD: RegExp = /^POST \/api\/3\.0\/mlflow\/traces$/;
export const EXPERIMENT: RegExp = /\/experiments\//;

/** Starts a proxy in front of a real MLflow server, with the faults of networks, load balancers and busy servers. */
export async function startFaultProxy(upstream: string, rules: FaultRule[] = []): Promise<FaultProxy> {
  const requests: string[] = [];
  const answers = new EventEmitter();
  const active = rules.map((rule) => ({ rule, left: rule.times ?? 1 }));
  const agent = new Agent({ keepAlive: true });

  const nextFault = (route: string): Fault | undefined => {
    const entry = active.find(({ rule, left }) => left > 0 && (rule.route?.test(route) ?? true));
    if (entry === undefined) return undefined;
    entry.left -= 1;
    return entry.rule.fault;
  };

  const server = createServer(async (message, response) => {
    const route = `${message.method} ${message.url?.replace(/\?.*/, '')}`;
    requests.push(route);
    try {
      const body = await buffer(message);
      await spoil(nextFault(route), response, async () => {
        const answer = await forward(upstream, agent, message, body);
        answers.emit(String(answer.status));
        return answer;
      });
    } catch {
      // The server or the client has disconnected, so this connection is useless.
      response.socket?.resetAndDestroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answered: async (status) => void (await once(answers, String(status))),
    add: (...more) => void active.push(...more.map((rule) => ({ rule, left: rule.times ?? 1 }))),
    heal: () => void active.splice(0),
    unused: () => active.filter(({ left }) => left > 0).map(({ rule }) => rule),
    async close() {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function spoil(
  fault: Fault | undefined,
  response: ServerResponse,
  ask: () => Promise<UpstreamAnswer>,
): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      return send(response, await ask());
    case 'delay':
      await delay(fault.millis);
      return send(response, await ask());
    case 'overtaken':
      await fault.by();
      return send(response, await ask());
    case 'reset':
      if (fault.when === 'after') await ask();
      return void response.socket?.resetAndDestroy();
    case 'silence':
      if (fault.when === 'after') await ask();
      return;
    case 'answer':
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      return void response.end(fault.body);
    case 'headers': {
      const answer = await ask();
      return send(response, { ...answer, headers: { ...answer.headers, ...fault.headers } });
    }
    case 'dribble':
      return dribble(response, await ask(), fault.pieces, fault.pauseMillis);
    case 'truncate': {
      const { status, body, headers } = await ask();
      response.writeHead(status, { ...endToEnd(headers), 'content-length': body.length + 10 });
      response.write(body.subarray(0, body.length / 2), () => response.destroy());
    }
  }
}

async function dribble(
  response: ServerResponse,
  { status, headers, body }: UpstreamAnswer,
  pieces: number,
  pauseMillis: number,
): Promise<void> {
  // White space at the end does not harm JSON. It makes an empty answer long enough to be slow.
  const padded = Buffer.concat([body, Buffer.alloc(pieces, ' ')]);
  const size = Math.ceil(padded.length / pieces);
  response.writeHead(status, { ...endToEnd(headers), 'content-length': padded.length });
  for (let at = 0; at < padded.length; at += size) {
    response.write(padded.subarray(at, at + size));
    await delay(pauseMillis);
  }
  response.end();
}

function send(response: ServerResponse, { status, headers, body }: UpstreamAnswer): void {
  response.writeHead(status, { ...endToEnd(headers), 'content-length': body.length });
  response.end(body);
}

/** Removes headers that belong to one connection only. */
function endToEnd({
  connection: _,
  'keep-alive': __,
  'transfer-encoding': ___,
  ...headers
}: IncomingMessage['headers']): IncomingMessage['headers'] {
  return headers;
}

function forward(
  upstream: string,
  agent: Agent,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    const client = request(
      new URL(url ?? '/', upstream),
      { method, agent, headers: { ...endToEnd(headers), host: new URL(upstream).host } },
      (answer) => {
        buffer(answer).then(
          (content) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: content }),
          reject,
        );
      },
    );
    client.on('error', reject);
    client.end(body);
  });
}
