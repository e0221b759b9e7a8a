import { getSystemErrorMap } from 'node:util';

/** Where libuv's wording is not the system's. */
const WORDING: Readonly<Record<string, string>> = {
  EISDIR: 'Is a directory',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  ELOOP: 'Too many levels of symbolic links',
  ENOTCONN: 'Transport endpoint is not connected',
  EBUSY: 'Device or resource busy',
  EIO: 'Input/output error',
};

/** The `code` of a failed system call, `ENOENT`. By shape, not by class: an error may come from another realm. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

function messageOf(error: unknown): string {
  const has = typeof error === 'object' && error !== null && 'message' in error;
  return has && typeof error.message === 'string' ? error.message : String(error);
}

/** The reason of a failed system call in the words that users of 0.2.x know: `No such file or directory (os error 2)`. */
export function osReason(error: unknown): string {
  const code = errorCode(error);
  const found = [...getSystemErrorMap()].find(([, [name]]) => name === code);
  if (code === undefined || found === undefined) return messageOf(error);
  const words = WORDING[code] ?? found[1][1];
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} (os error ${-found[0]})`;
}
