/**
 * Credentials and payments. Their requests, answers and errors have tokens, keys and the money of users, so their spans have
 * neither content nor ids, whatever the settings are.
 */

import type { Operation } from '../common/operation.js';
import { plainOperation } from '../common/plain.js';

const NAMES = [
  ...['GetWorkloadAccessToken', 'GetWorkloadAccessTokenForJWT', 'GetWorkloadAccessTokenForUserId'],
  ...['GetResourceApiKey', 'GetResourceOauth2Token', 'GetResourcePaymentToken', 'CompleteResourceTokenAuth'],
  ...['CreatePaymentInstrument', 'GetPaymentInstrument', 'GetPaymentInstrumentBalance', 'DeletePaymentInstrument'],
  ...['ListPaymentInstruments', 'CreatePaymentSession', 'GetPaymentSession', 'DeletePaymentSession'],
  ...['ListPaymentSessions', 'ProcessPayment'],
];

export const confidential: readonly Operation[] = NAMES.map((name) => ({
  ...plainOperation({ name, spanType: 'TASK' }),
  isConfidential: true,
}));
