export const REDACTED = '***';

/** Takes user and password out of a value that is one URL, well-formed or not. */
export function redactUrl(url: string): string {
  return url.replace(
    /^(\s*(?:https?:[\\/]*|[a-z][a-z0-9+.-]*:[\\/]+))[^/\\?#]*@/i,
    `$1${REDACTED}@`,
  );
}

/** Takes user and password out of every URL in a text. What stands between blanks may lose more than it must. */
export function redactUrls(text: string): string {
  // The scheme is found from its end: looking for its beginning would take time with the square of a long word's length.
  return text.replace(/(?<=[a-z0-9+.-]:\/\/)[^\s/\\?#@]*@(?:[^\s/\\?#@]*@)*/gi, `${REDACTED}@`);
}

/** Keys whose name says that their value is nobody's business. */
export function isSecretName(name: string): boolean {
  return /token|secret|password/i.test(name);
}
