import { paths } from '../../../../protocol/constants.ts';

/** Where common clients look for roots. The bundle holds the public ones and the sandbox's own CA. */
const bundleVariables = [
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'PIP_CERT',
  'AWS_CA_BUNDLE',
  'DENO_CERT',
  'CARGO_HTTP_CAINFO',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
  'NIX_SSL_CERT_FILE',
] as const;

/** Node adds to its own roots, everything else replaces them. */
export const trustEnvironment: Readonly<Record<string, string>> = {
  NODE_EXTRA_CA_CERTS: paths.sandboxCa,
  ...Object.fromEntries(bundleVariables.map(name => [name, paths.caBundle])),
};
