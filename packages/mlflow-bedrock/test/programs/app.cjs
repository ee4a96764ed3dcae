// An application that makes one call and then ends as its argument says.
const { BedrockRuntimeClient, ConverseCommand } = require('@aws-sdk/client-bedrock-runtime');

const ENDINGS = {
  'comes to its end': () => {},
  'sets an exit code': () => {
    process.exitCode = 3;
  },
  'calls process.exit()': () => process.exit(3),
  'throws an error nobody catches': () => {
    setImmediate(() => {
      throw new Error('uncaught');
    });
  },
  'leaves a rejection unhandled': () => {
    void Promise.reject(new Error('unhandled'));
  },
  'serves on': () => wait(),
  'serves on and listens to signals': () => {
    wait();
    const end = (signal) => {
      console.log(`got ${signal}`);
      process.exitCode = 7;
      clearInterval(waiting);
    };
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
  },
  'serves on and listens to the first signal': () => {
    wait();
    // Said when all listeners are through: a signal among them finds none, and ends the process without a flush.
    process.once('SIGTERM', () => setImmediate(() => console.log('once more to end')));
  },
  // As the package signal-exit does it, which lives on otherwise.
  'serves on and ends when nobody but it listens to the signal': () => {
    wait();
    const end = (signal) => {
      if (process.listenerCount(signal) > 1) process.exit(9);
      process.off(signal, end);
      console.log(`got ${signal}`);
      process.kill(process.pid, signal);
    };
    process.on('SIGTERM', end);
  },
  'waits for ever at its top level': () => {},
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
