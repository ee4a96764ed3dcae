// Plays the runtime of Lambda in a process of its own: loads the handler, then asks the Runtime API for invocations.
import { request } from 'node:http';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';

const { AWS_LAMBDA_RUNTIME_API: api, _HANDLER: file } = process.env;

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = request(`http://${api}/2018-06-01/runtime/invocation/${path}`, { method }, (answer) => {
      text(answer).then((body) => resolve({ headers: answer.headers, body }), reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const { handler } = file.endsWith('.cjs') ? createRequire(import.meta.url)(file) : await import(file);
for (;;) {
  const { headers, body } = await call('GET', 'next');
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const result = await handler(JSON.parse(body), { getRemainingTimeInMillis: () => deadline - Date.now() });
  await call('POST', `${headers['lambda-runtime-aws-request-id']}/response`, JSON.stringify(result));
}
