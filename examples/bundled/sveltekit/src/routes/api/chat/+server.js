import { ask, stream } from '../../../lib/bedrock.js';

export async function POST({ request }) {
  const { question, isStreamed } = await request.json();
  return isStreamed ? new Response(stream(question)) : Response.json({ answer: await ask(question) });
}
