/** The alert of TLS 1.3 (RFC 8446, 6.2). It comes after the handshake, in place of an answer. */
export function wantsClientCertificate(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED';
}
