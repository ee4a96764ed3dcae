// A voice session with Amazon Nova Sonic: the user speaks, the model answers by voice and asks for a tool.
import { readFile } from 'node:fs/promises';
import { speak } from 'bedrock-simulator';
import { traced } from 'mlflow-bedrock';
import { explainBedrockError } from '../shared/explain-error.js';
import { VoiceSession } from './voice-session.js';

const [, , ...files] = process.argv;
const isRecorded = files.length > 0;

/** What the user says, as 16-bit mono PCM with 16,000 samples per second. The simulator understands only `speak`. */
const speech = isRecorded
  ? await Promise.all(files.map((file) => readFile(file)))
  : ['Hello', 'What is the weather in Paris?'].map((text) => speak(text));

/** One trace: the session, with the runs of tools beside it. */
const talk = traced({ name: 'voice assistant', spanType: 'AGENT' }, async (): Promise<string> => {
  // A recording is played at its own speed, as a microphone would send it.
  const session = new VoiceSession({ isLive: isRecorded });
  let answer = '';
  for (const pcm of speech) {
    const { heard, said } = await session.say(pcm);
    console.log(`> ${heard}\n${said}`);
    answer = said;
  }
  const { seconds } = await session.close();
  console.log(`The model spoke for ${seconds.toFixed(1)} s.`);
  return answer;
});

try {
  await talk();
} catch (error) {
  console.error(explainBedrockError(error));
  process.exitCode = 1;
}
