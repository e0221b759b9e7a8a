import { broken, quote } from './failures.js';
import { isLoopback } from './base-url.js';

export interface LfsPlace {
  readonly url: string;
  /** Whether it is the configured server: only that one may see the client's token and headers. */
  readonly own: boolean;
}

/**
 * C20: with a local store the server names its listen address, which from elsewhere is nobody or somebody else: scheme and
 * authority become those of the configured base. Any other address (presigned at an object store) is used untouched.
 */
export function lfsPlace(href: string, baseUrl: string): LfsPlace {
  let url: URL;
  try {
    url = new URL(href);
  } catch {
    throw broken('LFS batch', `${quote(href)} is no address`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw broken('LFS batch', `${quote(href)} is neither http nor https`);
  if (isListenAddress(url)) return { url: baseUrl + url.pathname + url.search, own: true };
  return { url: href, own: url.origin === new URL(baseUrl).origin };
}

function isListenAddress({ hostname, href }: URL): boolean {
  return isLoopback(href) || hostname === '0.0.0.0' || hostname === '[::]';
}
