import { redactUrl } from './redact.js';

const SCHEME = /^\s*[a-z][a-z0-9+.-]*:/i;

function parseFault(text: string): string {
  if (!SCHEME.test(text)) return 'relative URL without a base';
  if (
    /:\d{6,}([/?#]|$)/.test(text) ||
    /:(6553[6-9]|65[6-9]\d\d|6[6-9]\d{3}|[7-9]\d{4})([/?#]|$)/.test(text)
  )
    return 'invalid port number';
  if (/^\s*https?:[\\/]*(:\d*)?\s*$/i.test(text)) return 'empty host';
  return 'invalid URL';
}

/**
 * Checks a server's address: absolute, http or https, with a host, without query and fragment (they would swallow the API's path).
 * Returns what is wrong, with credentials removed, or nothing.
 */
export function urlFault(key: string, text: string): string | undefined {
  const shown = JSON.stringify(redactUrl(text));
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return `Invalid URL for '${key}': ${shown} (${parseFault(text)})`;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return `Invalid URL scheme for '${key}': expected http/https, got "${url.protocol.slice(0, -1)}" in ${shown}`;
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text))
    return `Invalid URL for '${key}': ${shown} (a query or fragment cannot be part of a server's address)`;
  return undefined;
}

/** The form in which addresses are used: no blanks around, no slash at the end, so that `/api/v1/…` can follow. */
export function normaliseUrl(text: string): string {
  return text.trim().replace(/\/+$/, '');
}
