import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { MlflowError } from '../common/error.js';
import { ownText } from '../common/shown-text.js';

/** Options for TLS connections, as Node.js takes them. */
export interface TlsSettings {
  rejectUnauthorized: boolean;
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
}

/**
 * Reads the certificate files, so that a wrong file is reported at once and not with the first export.
 *
 * @throws MlflowError if a file cannot be used
 */
export function readTls(files: {
  insecure: boolean;
  serverCertPath: string | undefined;
  clientCertPath: string | undefined;
}): TlsSettings {
  return {
    rejectUnauthorized: !files.insecure,
    ...(files.serverCertPath ? readAuthorities(files.serverCertPath) : {}),
    ...(files.clientCertPath ? readClientCertificate(files.clientCertPath) : {}),
  };
}

function readAuthorities(path: string): Pick<TlsSettings, 'ca'> {
  const setting = 'serverCertPath or MLFLOW_TRACKING_SERVER_CERT_PATH';
  const ca = readPem(path, setting);
  const advice = `set ${setting} to a PEM file with the certificates of the authorities to trust`;
  // A TLS context accepts a file without certificates, and then trusts no server.
  requireUsable(() => new X509Certificate(ca), path, advice);
  return { ca };
}

function readClientCertificate(path: string): Pick<TlsSettings, 'cert' | 'key'> {
  const setting = 'clientCertPath or MLFLOW_TRACKING_CLIENT_CERT_PATH';
  const pem = readPem(path, setting);
  const pair = { cert: pem, key: pem };
  const advice = `set ${setting} to one PEM file with the client certificate and its unencrypted key`;
  requireUsable(() => createSecureContext(pair), path, advice);
  return pair;
}

function requireUsable(read: () => unknown, path: string, advice: string): void {
  try {
    read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unusable';
    throw new MlflowError(`MLflow: cannot use ${ownText(path)} (${code}): ${advice}.`);
  }
}

function readPem(path: string, setting: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new MlflowError(`MLflow: cannot read ${ownText(path)} (${code}): set ${setting} to a readable PEM file.`);
  }
}
