/** A request in every dialect, and what its span must have. */

export const QUESTION = 'What is the capital of France?';
export const TOOL_SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

interface Case {
  readonly modelId: string;
  /** Other models with the dialect, whose answers differ in details. */
  readonly otherModels?: readonly string[];
  readonly operation: 'chat' | 'text_completion';
  readonly messageFormat?: string;
  readonly body: Record<string, unknown>;
  /** Members of the body that MLflow gets in another form. */
  readonly shown?: Record<string, unknown>;
  readonly parameters: Record<string, unknown>;
  /** Members that offer the weather tool and ask for it; absent if the dialect has no tools. */
  readonly withTool?: Record<string, unknown>;
  readonly hasStream?: false;
}

export const CASES: Readonly<Record<string, Case>> = {
  'anthropic-messages': {
    modelId: 'anthropic.claude-3-haiku-20240307-v1:0',
    operation: 'chat',
    messageFormat: 'langchain',
    body: {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 200,
      temperature: 0.1,
      top_p: 0.8,
      top_k: 5,
      stop_sequences: ['END'],
      messages: [{ role: 'user', content: QUESTION }],
    },
    shown: { messages: [{ role: 'user', type: 'user', content: QUESTION }] },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
    withTool: {
      messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
      tools: [{ name: 'get_weather', description: 'Weather', input_schema: TOOL_SCHEMA }],
    },
  },
  nova: {
    modelId: 'us.amazon.nova-lite-v1:0',
    operation: 'chat',
    messageFormat: 'bedrock',
    body: {
      schemaVersion: 'messages-v1',
      messages: [{ role: 'user', content: [{ text: QUESTION }] }],
      inferenceConfig: { max_new_tokens: 200, temperature: 0.1, top_p: 0.8, topK: 5, stopSequences: ['END'] },
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
    withTool: {
      messages: [{ role: 'user', content: [{ text: 'What is the weather in Paris?' }] }],
      toolConfig: {
        tools: [{ toolSpec: { name: 'get_weather', description: 'Weather', inputSchema: { json: TOOL_SCHEMA } } }],
      },
    },
  },
  'titan-text': {
    modelId: 'amazon.titan-text-express-v1',
    operation: 'text_completion',
    body: {
      inputText: QUESTION,
      textGenerationConfig: { maxTokenCount: 200, temperature: 0.1, topP: 0.8, stopSequences: ['END'] },
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  llama: {
    modelId: 'meta.llama3-8b-instruct-v1:0',
    operation: 'text_completion',
    body: { prompt: QUESTION, max_gen_len: 200, temperature: 0.1, top_p: 0.8 },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
    },
  },
  'openai-chat': {
    modelId: 'ai21.jamba-1-5-mini-v1:0',
    otherModels: [
      'openai.gpt-oss-20b-1:0',
      'qwen.qwen3-32b-v1:0',
      'us.writer.palmyra-x5-v1:0',
      'us.mistral.pixtral-large-2502-v1:0',
    ],
    operation: 'chat',
    messageFormat: 'openai',
    body: {
      messages: [{ role: 'user', content: QUESTION }],
      max_tokens: 200,
      temperature: 0.1,
      top_p: 0.8,
      stop: ['END'],
      n: 1,
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.stop_sequences': ['END'],
    },
    withTool: {
      messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
      tools: [{ type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: TOOL_SCHEMA } }],
    },
  },
  'anthropic-text': {
    modelId: 'anthropic.claude-v2:1',
    operation: 'text_completion',
    body: {
      prompt: QUESTION,
      max_tokens_to_sample: 200,
      temperature: 0.1,
      top_p: 0.8,
      top_k: 5,
      stop_sequences: ['END'],
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'mistral-text': {
    modelId: 'mistral.mistral-7b-instruct-v0:2',
    operation: 'text_completion',
    body: { prompt: QUESTION, max_tokens: 200, temperature: 0.1, top_p: 0.8, top_k: 5, stop: ['END'] },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'openai-completions': {
    modelId: 'arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefgh1234',
    otherModels: ['us.deepseek.r1-v1:0'],
    operation: 'text_completion',
    body: { prompt: QUESTION, max_tokens: 200, temperature: 0.1, top_p: 0.8, stop: ['END'] },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'cohere-command': {
    modelId: 'cohere.command-text-v14',
    operation: 'text_completion',
    body: {
      prompt: QUESTION,
      max_tokens: 200,
      temperature: 0.1,
      p: 0.8,
      k: 5,
      stop_sequences: ['END'],
      stream: true,
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'cohere-command-r': {
    modelId: 'cohere.command-r-plus-v1:0',
    operation: 'chat',
    body: {
      message: QUESTION,
      max_tokens: 200,
      temperature: 0.1,
      p: 0.8,
      k: 5,
      seed: 7,
      frequency_penalty: 0.3,
      presence_penalty: 0.4,
      stop_sequences: ['END'],
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.top_k': 5,
      'gen_ai.request.seed': 7,
      'gen_ai.request.frequency_penalty': 0.3,
      'gen_ai.request.presence_penalty': 0.4,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
  'twelvelabs-pegasus': {
    modelId: 'us.twelvelabs.pegasus-1-2-v1:0',
    operation: 'text_completion',
    body: { inputPrompt: QUESTION, temperature: 0.1, maxOutputTokens: 200 },
    parameters: { 'gen_ai.request.max_tokens': 200, 'gen_ai.request.temperature': 0.1 },
  },
  'ai21-j2': {
    modelId: 'ai21.j2-mid-v1',
    operation: 'text_completion',
    hasStream: false,
    body: {
      prompt: QUESTION,
      maxTokens: 200,
      temperature: 0.1,
      topP: 0.8,
      frequencyPenalty: { scale: 0.3 },
      presencePenalty: { scale: 0.4 },
      stopSequences: ['END'],
    },
    parameters: {
      'gen_ai.request.max_tokens': 200,
      'gen_ai.request.temperature': 0.1,
      'gen_ai.request.top_p': 0.8,
      'gen_ai.request.frequency_penalty': 0.3,
      'gen_ai.request.presence_penalty': 0.4,
      'gen_ai.request.stop_sequences': ['END'],
    },
  },
};

/** A request to a model that answers without text, and what its span must have beside the name. */
interface PlainCase {
  readonly modelId: string;
  readonly operation: 'embeddings' | 'generate_content' | 'rerank';
  readonly spanType: string;
  readonly body: Record<string, unknown>;
  readonly attributes: Record<string, unknown>;
  /** Parts of the input message. Default: the question as text. */
  readonly inputParts?: readonly unknown[];
  /** Tokens of the input; absent if the service counts none. */
  readonly inputTokens?: number;
  /** Number of images in the answer. */
  readonly images?: number;
  /** False if the body fits every dialect with a prompt. */
  readonly hasOwnShape?: false;
}

const COHERE_EMBED: PlainCase = {
  modelId: 'cohere.embed-english-v3',
  operation: 'embeddings',
  spanType: 'EMBEDDING',
  body: { texts: [QUESTION], input_type: 'search_query' },
  attributes: { 'gen_ai.embeddings.dimension.count': 1024 },
  inputTokens: 8,
};

export const PLAIN_CASES: Readonly<Record<string, readonly PlainCase[]>> = {
  'titan-embed': [
    {
      modelId: 'amazon.titan-embed-text-v2:0',
      operation: 'embeddings',
      spanType: 'EMBEDDING',
      body: { inputText: QUESTION, dimensions: 256 },
      attributes: { 'gen_ai.embeddings.dimension.count': 256 },
      inputTokens: 8,
    },
  ],
  'cohere-embed': [
    COHERE_EMBED,
    {
      ...COHERE_EMBED,
      body: { ...COHERE_EMBED.body, embedding_types: ['float', 'binary'] },
      attributes: { ...COHERE_EMBED.attributes, 'gen_ai.request.encoding_formats': ['float', 'binary'] },
    },
    {
      ...COHERE_EMBED,
      modelId: 'us.cohere.embed-v4:0',
      body: { ...COHERE_EMBED.body, output_dimension: 256 },
      attributes: { 'gen_ai.embeddings.dimension.count': 256 },
    },
  ],
  'nova-embed': [
    {
      modelId: 'amazon.nova-2-multimodal-embeddings-v1:0',
      operation: 'embeddings',
      spanType: 'EMBEDDING',
      body: {
        taskType: 'SINGLE_EMBEDDING',
        singleEmbeddingParams: {
          embeddingPurpose: 'GENERIC_INDEX',
          embeddingDimension: 384,
          text: { value: QUESTION },
        },
      },
      attributes: { 'gen_ai.embeddings.dimension.count': 384 },
      inputTokens: 8,
    },
  ],
  'twelvelabs-embed': [
    {
      modelId: 'us.twelvelabs.marengo-embed-3-0-v1:0',
      operation: 'embeddings',
      spanType: 'EMBEDDING',
      body: { inputType: 'text', text: { inputText: QUESTION } },
      attributes: { 'gen_ai.embeddings.dimension.count': 512 },
      inputTokens: 8,
    },
    {
      modelId: 'twelvelabs.marengo-embed-2-7-v1:0',
      operation: 'embeddings',
      spanType: 'EMBEDDING',
      body: { inputType: 'image', mediaSource: { base64String: 'AA==' } },
      attributes: { 'gen_ai.embeddings.dimension.count': 1024 },
      inputParts: [{ type: 'blob', modality: 'image', content: 'AA==' }],
      inputTokens: 100,
    },
  ],
  'cohere-rerank': ['cohere.rerank-v3-5:0', 'amazon.rerank-v1:0'].map((modelId) => ({
    modelId,
    operation: 'rerank',
    spanType: 'RERANKER',
    body: { query: QUESTION, documents: ['Paris', 'Rome'], top_n: 1, api_version: 2 },
    attributes: {},
    inputParts: [
      { type: 'text', content: QUESTION },
      { type: 'document', document: 'Paris' },
      { type: 'document', document: 'Rome' },
    ],
  })),
  images: [
    ...['amazon.titan-image-generator-v2:0', 'amazon.nova-canvas-v1:0'].map((modelId) => ({
      modelId,
      operation: 'generate_content' as const,
      spanType: 'LLM',
      body: {
        taskType: 'TEXT_IMAGE',
        textToImageParams: { text: QUESTION },
        imageGenerationConfig: { numberOfImages: 2, seed: 7 },
      },
      attributes: { 'gen_ai.request.seed': 7, 'gen_ai.request.choice.count': 2, 'gen_ai.output.type': 'image' },
      images: 2,
    })),
    {
      modelId: 'stability.stable-image-core-v1:1',
      operation: 'generate_content',
      spanType: 'LLM',
      body: { prompt: QUESTION, seed: 7 },
      hasOwnShape: false,
      attributes: { 'gen_ai.request.seed': 7, 'gen_ai.output.type': 'image' },
      images: 1,
    },
    {
      modelId: 'stability.stable-diffusion-xl-v1',
      operation: 'generate_content',
      spanType: 'LLM',
      body: { text_prompts: [{ text: QUESTION }], seed: 7, samples: 2 },
      attributes: {
        'gen_ai.request.seed': 7,
        'gen_ai.request.choice.count': 2,
        'gen_ai.output.type': 'image',
        'gen_ai.response.finish_reasons': ['SUCCESS', 'SUCCESS'],
      },
      images: 2,
    },
  ],
};
