import { type ShownText, say } from '../../common/shown-text.js';

/** What a user sets for a server. */
interface AddressSettings {
  address: ShownText;
  authority: ShownText;
  clientCertificate: ShownText;
}

const OF_TRACKING: AddressSettings = {
  address: say`trackingUri or MLFLOW_TRACKING_URI`,
  authority: say`serverCertPath or MLFLOW_TRACKING_SERVER_CERT_PATH`,
  clientCertificate: say`clientCertPath or MLFLOW_TRACKING_CLIENT_CERT_PATH`,
};
/** Of servers that keep files. They get no client certificate. */
const OF_OTHERS: AddressSettings = {
  address: say`the setting of its address`,
  authority: say`NODE_EXTRA_CA_CERTS`,
  clientCertificate: say`a policy of it`,
};

/** Returns OpenSSL's reason. Node.js reports it as a code with a prefix, or only in the text of an EPROTO. */
export function tlsCode(code: string, message: string): string {
  const [, reason] = (code === 'EPROTO' && /routines:[^:]*:([^:]+):/.exec(message)) || [];
  return reason?.toUpperCase().replaceAll(' ', '_') ?? code.replace(/^ERR_SSL_/, '');
}

/**
 * Returns the reason of a TLS failure that no repetition mends, or undefined for other failures.
 *
 * @param isTracking whether it is the server of the tracking URI
 */
export function explainTls(code: ShownText, url: ShownText, isTracking: boolean): ShownText | undefined {
  const settings = isTracking ? OF_TRACKING : OF_OTHERS;
  if (/ALERT.*(CERT|UNKNOWN_CA|HANDSHAKE_FAILURE)/.test(code)) {
    return say`${url} does not accept our client certificate, or the lack of one (${code}): set ${settings.clientCertificate} to one that it trusts.`;
  }
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code)) {
    return say`${url} does not speak TLS (${code}): use http:// in ${settings.address}.`;
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return say`The certificate of ${url} is for another host (${code}): use a name that it holds in ${settings.address}.`;
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return say`The certificate of ${url} is not valid at this time (${code}): renew it, or correct this machine's clock.`;
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) {
    return say`The certificate of ${url} is not trusted (${code}): set ${settings.authority} to its authority.`;
  }
  return undefined;
}
