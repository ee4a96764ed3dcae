import type { SimulatedResponse } from './types.js';

interface ModelledError {
  readonly status: number;
  readonly message: string;
}

/** Bedrock Runtime's modelled errors, with the HTTP status from the service's API definition. */
const ERRORS = {
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
} satisfies Record<string, ModelledError>;

export type ErrorType = keyof typeof ERRORS;

export const ERROR_TYPES = Object.keys(ERRORS);

export function isErrorType(type: string): type is ErrorType {
  return Object.hasOwn(ERRORS, type);
}

/** Returns the error of an exception frame. Frames begin its name with a small letter, headers with a capital. */
export function errorOfFrame(type: string): ErrorType | undefined {
  const name = `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`;
  return isErrorType(name) ? name : undefined;
}

/** Returns the default message of an exception frame, also for types that the service does not model. */
export function frameMessage(type: string): string {
  const error = errorOfFrame(type);
  return error ? ERRORS[error].message : 'Simulated error.';
}

/** Returns a modelled error in the form that the service sends. */
export function errorResponse(type: ErrorType, message: string = ERRORS[type].message): SimulatedResponse {
  return {
    status: ERRORS[type].status,
    headers: { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` },
    body: { message },
  };
}
