// A chat service that collects its users' feedback on its answers. By default it runs a short session of one user and
// ends. With --serve it keeps serving.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createChatService } from './service.js';

const service = createChatService();
await listen(process.env.PORT ?? '0');
const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
console.log(`Serving on ${url}`);

if (!process.argv.includes('--serve')) {
  try {
    await session('ada', 'example-session');
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    service.close();
    service.closeAllConnections();
  }
}

async function listen(port: string): Promise<void> {
  try {
    service.listen({ port, host: '127.0.0.1' });
    await once(service, 'listening');
  } catch (error) {
    console.error(`Cannot serve on port ${port}; set PORT to a free one. (${(error as Error).message})`);
    process.exit(1);
  }
}

/** Acts like a chat window: it keeps the trace id of each answer and sends it with the user's feedback. */
async function session(userId: string, sessionId: string): Promise<void> {
  const good = await post('/chat', { question: 'What is the capital of Kenya?', userId, sessionId });
  await post('/feedback', { traceId: good['traceId'], userId, helpful: true });

  const bad = await post('/chat', { question: 'What is the capital of Atlantis?', userId, sessionId });
  await post('/feedback', {
    traceId: bad['traceId'],
    userId,
    helpful: false,
    comment: 'No word on whether it exists.',
    expectedAnswer: 'None: Atlantis is a legend.',
  });
}

async function post(path: string, body: object): Promise<Record<string, unknown>> {
  console.log(`POST ${path} ${JSON.stringify(body)}`);
  const response = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
  const answer = (await response.json()) as Record<string, unknown>;
  console.log(`${response.status} ${JSON.stringify(answer)}`);
  if (!response.ok) throw new Error(`POST ${path} was refused: ${answer['error']}`);
  return answer;
}
