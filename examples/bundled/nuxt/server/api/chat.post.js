export default defineEventHandler(async (event) => {
  const { question, isStreamed } = await readBody(event);
  return isStreamed ? stream(question) : { answer: await ask(question) };
});
