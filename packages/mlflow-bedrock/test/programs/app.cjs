// An application that makes one call. Its argument selects how it ends.
const { BedrockRuntimeClient, ConverseCommand } = require('@aws-sdk/client-bedrock-runtime');

const ENDINGS = {
  'ends by itself': () => {},
  'sets an exit code': () => {
    process.exitCode = 3;
  },
  'calls process.exit()': () => process.exit(3),
  'throws an uncaught error': () => {
    setImmediate(() => {
      throw new Error('uncaught');
    });
  },
  'leaves a rejection unhandled': () => {
    void Promise.reject(new Error('unhandled'));
  },
  'keeps running': () => wait(),
  'keeps running and listens to signals': () => {
    wait();
    const end = (signal) => {
      console.log(`got ${signal}`);
      process.exitCode = 7;
      clearInterval(waiting);
    };
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
  },
  'keeps running and listens to the first signal': () => {
    wait();
    // Printed after all listeners ran. A signal that arrives between them would end the process without a flush.
    process.once('SIGTERM', () => setImmediate(() => console.log('once more to end')));
  },
  // As the package signal-exit does it, which otherwise keeps the process alive.
  'keeps running and ends at a signal if it is the last listener': () => {
    wait();
    const end = (signal) => {
      if (process.listenerCount(signal) > 1) process.exit(9);
      process.off(signal, end);
      console.log(`got ${signal}`);
      process.kill(process.pid, signal);
    };
    process.on('SIGTERM', end);
  },
  'awaits a promise at its top level that never settles': () => {},
};

let waiting;
function wait() {
  waiting = setInterval(() => {}, 1000);
}

async function main() {
  const client = new BedrockRuntimeClient({});
  const messages = [{ role: 'user', content: [{ text: 'Hi' }] }];
  const { output } = await client.send(new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages }));
  client.destroy();
  console.error('on stderr');
  ENDINGS[process.argv[2]]();
  console.log(JSON.stringify(output));
}

main();
