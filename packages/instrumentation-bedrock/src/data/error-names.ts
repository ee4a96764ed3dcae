/** Names of errors that no application, user or model can have written: closed lists, and the names of classes. */

import { getSystemErrorMap, types } from 'node:util';

const NAMES: ReadonlySet<string> = new Set(
  [
    // The exceptions of the Bedrock Runtime.
    'AccessDeniedException ConflictException InternalServerException ModelErrorException ModelNotReadyException',
    'ModelStreamErrorException ModelTimeoutException ResourceNotFoundException ServiceQuotaExceededException',
    'ServiceUnavailableException ThrottlingException ValidationException BedrockRuntimeServiceException',
    // Those that only the Bedrock Agent Runtime has.
    'BadGatewayException DependencyFailedException BedrockAgentRuntimeServiceException',
    // Those that only AgentCore has.
    'DuplicateIdException InvalidInputException RetryableConflictException RuntimeClientError ServiceException',
    'SubscriptionRequiredException BedrockAgentCoreServiceException',
    // Errors that every service of AWS can send: https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
    'AccessDenied ExpiredToken ExpiredTokenException IncompleteSignature IncompleteSignatureException InternalError',
    'InternalFailure InternalFailureException InvalidAction InvalidClientTokenId InvalidSignatureException',
    'MalformedHttpRequestException MissingAuthenticationToken MissingAuthenticationTokenException NotAuthorized',
    'OptInRequired RequestAbortedException RequestEntityTooLargeException RequestExpired RequestTimeTooSkewed',
    'RequestTimeout RequestTimeoutException SerializationException ServiceUnavailable SignatureDoesNotMatch Throttling',
    'ThrottledException TooManyRequestsException UnauthorizedException UnknownOperationException',
    'UnrecognizedClientException ValidationError BadRequestException ForbiddenException InternalServiceException',
    'InvalidParameterException InvalidRequestException LimitExceededException NotFoundException',
    // Errors of the services that give credentials.
    'IDPCommunicationError InvalidGrantException InvalidIdentityToken InvalidIdentityTokenException',
    'MalformedPolicyDocumentException PackedPolicyTooLargeException RegionDisabledException',
    // Errors of the SDK itself and of its runtime.
    'CredentialsProviderError EndpointError NetworkingError NoSuchKeyError ProviderError TokenProviderError Unknown',
    'UnknownError AbortError TimeoutError',
    // Errors of JavaScript and of the web platform.
    'AggregateError Error EvalError RangeError ReferenceError SuppressedError SyntaxError TypeError URIError',
    'DataCloneError DOMException EncodingError InvalidAccessError InvalidCharacterError InvalidStateError NetworkError',
    'NotFoundError NotReadableError NotSupportedError OperationError QuotaExceededError SecurityError AssertionError',
    // Errors that models state, in the formats of Anthropic, OpenAI, vLLM and Text Generation Inference.
    'api_error authentication_error billing_error invalid_request_error not_found_error overloaded_error',
    'permission_error rate_limit_error request_too_large timeout_error',
    'content_filter context_length_exceeded engine_overloaded insufficient_quota internal_error internal_server_error',
    'invalid_api_key model_not_found rate_limit_exceeded server_error service_unavailable tokens_limit_reached',
    'BadRequestError InternalServerError RateLimitError ServiceUnavailableError UnprocessableEntityError',
    'generation incomplete_generation overloaded tokenizer_error validation',
    // What this package states.
    'incomplete_stream tool_error',
    // Codes of Node.js that the map of system errors lacks: name resolution, TLS, HTTP.
    'ENOTFOUND ESERVFAIL EREFUSED ETIMEOUT EAI_AGAIN EAI_FAIL EAI_NODATA EAI_NONAME EPROTO ECONNRESET',
    'CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE ERR_TLS_CERT_ALTNAME_INVALID ERR_SSL_WRONG_VERSION_NUMBER',
    'CERT_CHAIN_TOO_LONG CERT_SIGNATURE_FAILURE CRL_HAS_EXPIRED HOSTNAME_MISMATCH INVALID_CA INVALID_PURPOSE',
    'PATH_LENGTH_EXCEEDED UNABLE_TO_GET_CRL ERR_TLS_HANDSHAKE_TIMEOUT ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
    'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION ERR_SSL_UNSUPPORTED_PROTOCOL',
    'ERR_HTTP_HEADERS_SENT ERR_INVALID_CHAR ERR_INVALID_HTTP_TOKEN ERR_INVALID_PROTOCOL ERR_INVALID_STATE',
    'ERR_MODULE_NOT_FOUND ERR_REQUIRE_ESM ERR_UNESCAPED_CHARACTERS MODULE_NOT_FOUND',
    'ERR_HTTP2_GOAWAY_SESSION ERR_HTTP2_INVALID_SESSION ERR_HTTP2_SESSION_ERROR ERR_HTTP2_STREAM_CANCEL',
    'ERR_HTTP2_STREAM_ERROR ERR_HTTP2_PING_CANCEL ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_INVALID_URL',
    'ERR_SOCKET_CLOSED ERR_SOCKET_CONNECTION_TIMEOUT ERR_STREAM_DESTROYED ERR_STREAM_PREMATURE_CLOSE',
    'ERR_STREAM_WRITE_AFTER_END HPE_INVALID_CONSTANT HPE_INVALID_HEADER_TOKEN HPE_HEADER_OVERFLOW',
    'UND_ERR_ABORTED UND_ERR_BODY_TIMEOUT UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_SOCKET',
  ].flatMap((line) => line.split(' ')),
);

const SYSTEM_CODES: ReadonlySet<string> = new Set([...getSystemErrorMap().values()].map(([code]) => code));

/** A status code of HTTP, which some models state in place of a type. */
const STATUS = /^[1-5]\d{2}$/;

/** True for the type of an error that is in one of the lists. */
export function isKnownErrorName(name: string): boolean {
  return NAMES.has(name) || SYSTEM_CODES.has(name) || STATUS.test(name);
}

/** Chains of classes are short. Proxies can have chains without end. */
const MAX_CLASSES = 20;

/**
 * True if the error is an instance of a class whose source code has this name: as the name of the class, or as a text in
 * it, such as `this.name = 'PaymentError'` in minified code. An application can set the name of an error to any text, and
 * compute the name of a class. Can throw what the error's proxies throw.
 */
export function isNameOfClass(error: unknown, name: string): boolean {
  if (!(error instanceof Error) && !types.isNativeError(error)) return false;
  let prototype: unknown = Object.getPrototypeOf(error);
  for (let count = 0; count < MAX_CLASSES && typeof prototype === 'object' && prototype !== null; count++) {
    const errorClass: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof errorClass === 'function' && errorClass.prototype === prototype && hasName(errorClass, name))
      return true;
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
}

function hasName(errorClass: object, name: string): boolean {
  const source = Function.prototype.toString.call(errorClass);
  const declared = /^(?:class|function)\s+([\w$]+)/.exec(source)?.[1];
  return declared === name || ['"', "'", '`'].some((quote) => source.includes(`${quote}${name}${quote}`));
}
