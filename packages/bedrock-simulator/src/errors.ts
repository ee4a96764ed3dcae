import type { SimulatedResponse } from './types.js';

export interface ModelledError {
  readonly status: number;
  /** Default message. */
  readonly message: string;
}

export type ModelledErrors = Readonly<Record<string, ModelledError>>;

/** The errors of Bedrock Runtime, with the status from its API definition. Most of them are common to all services. */
const COMMON = {
  AccessDeniedException: { status: 403, message: "You don't have access to the model with the specified model ID." },
  ConflictException: { status: 400, message: 'The request conflicts with the current state.' },
  InternalServerException: {
    status: 500,
    message: 'The system encountered an unexpected error during processing. Try your request again.',
  },
  ModelErrorException: { status: 424, message: 'The request failed due to an error while processing the model.' },
  ModelNotReadyException: {
    status: 429,
    message: 'The model specified in the request is not ready to serve inference requests.',
  },
  ModelStreamErrorException: { status: 424, message: 'An error occurred while streaming the response.' },
  ModelTimeoutException: { status: 408, message: 'The request took too long to process.' },
  ResourceNotFoundException: { status: 404, message: 'The specified resource was not found.' },
  ServiceQuotaExceededException: { status: 400, message: 'Your request exceeds the service quota for your account.' },
  ServiceUnavailableException: { status: 503, message: 'Bedrock is unable to process your request.' },
  ThrottlingException: { status: 429, message: 'Too many requests, please wait before trying again.' },
  ValidationException: { status: 400, message: 'The provided request is not valid.' },
} satisfies ModelledErrors;

type CommonErrorType = keyof typeof COMMON;

/** Returns the errors of a service: the common ones, and those that only it has or has with another status. */
export function errorsOf(service?: { readonly errors: ModelledErrors }): ModelledErrors {
  return { ...COMMON, ...service?.errors };
}

/** Returns the type of an exception frame as a header has it: with a capital letter. */
export function errorOfFrame(type: string): string {
  return `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`;
}

/** Returns a modelled error in the form that the service sends. */
export function errorResponse(type: CommonErrorType, message?: string): SimulatedResponse {
  return writeError(type, COMMON[type], message);
}

export function writeError(type: string, error: ModelledError, message: string = error.message): SimulatedResponse {
  return {
    status: error.status,
    headers: { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` },
    body: { message },
  };
}
