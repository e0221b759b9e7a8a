/** `code` of a Node error, by its member and not its class: errors of another realm have one too. */
export function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
