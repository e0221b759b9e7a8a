/** A setting that cannot work, told to a person: what is wrong, and what to do. */
export class MegaClientError extends Error {
  override readonly name = 'MegaClientError';

  constructor(
    readonly code: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/**
 * Checks the address of a server and returns it without trailing slash, query or fragment
 * (fs: ch. 4 "a trailing slash yields `//`, normalise it").
 */
export function parseBaseUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw badBaseUrl(text, 'is not a URL');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw badBaseUrl(text, 'is neither http nor https');
  // Never echoed: the text holds a secret.
  if (url.username !== '' || url.password !== '')
    throw badBaseUrl(url.host, 'carries a user name or password');
  if (url.search !== '' || url.hash !== '') throw badBaseUrl(text, 'carries a query or a fragment');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** Whether bytes to this server cost nothing, so that compressing them only costs time. */
export function isLoopback(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

function badBaseUrl(text: string, why: string): MegaClientError {
  return new MegaClientError(
    'MEGA_BASE_URL',
    `server address ${JSON.stringify(text.slice(0, 200))} ${why}`,
    'write it as http://host:port or https://host; credentials belong into the token setting',
  );
}
