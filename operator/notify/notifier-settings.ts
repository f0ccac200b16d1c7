// Where people are told, out of the operator's environment: an administrator's word alone, so nobody else can turn it elsewhere.
// Every mistake is named by its Helm value.

export interface NotifierSettings {
  readonly url: URL;
  readonly format: 'JSON' | 'Slack';
  /** At most one message in this time. */
  readonly digestMs: number;
  /** PEM of authorities to trust beside the public ones. */
  readonly ca?: string;
}

export interface NotifierVariables {
  readonly url?: string | undefined;
  readonly format: 'JSON' | 'Slack';
  readonly digestSeconds: number;
  readonly allowPlainHttp: boolean;
  readonly ca?: string | undefined;
}

/** Undefined where nobody is to be told. Throws with what is wrong; never with the URL, which often is the secret. */
export function readNotifierSettings(variables: NotifierVariables): NotifierSettings | undefined {
  const text = variables.url?.trim() ?? '';
  if (text === '') return undefined;
  const url = URL.parse(text);
  const where = 'the URL in the Secret of notifier.secretName';
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new Error(`${where} is none; write https://host/path`);
  if (url.protocol === 'http:' && !variables.allowPlainHttp)
    throw new Error(
      `${where} is not https; use https, or set notifier.allowPlainHttp: true where the way to it is safe`,
    );
  if (url.username !== '' || url.password !== '')
    throw new Error(`${where} has a user name or password in it; put the token into its path or query`);
  return {
    url,
    format: variables.format,
    digestMs: variables.digestSeconds * 1_000,
    ...(variables.ca ? { ca: variables.ca } : {}),
  };
}
