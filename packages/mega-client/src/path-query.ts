import type { RepoPath } from '@scorpiofs/objects';

const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  if (/[A-Za-z0-9._~/-]/.test(char)) return char;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** C19: every byte outside the unreserved set is escaped, `/` stays (mega: 1.4: a bare `+` would be a space). */
export function encodePath(path: RepoPath): string {
  let text = '';
  for (let i = 0; i < path.length; i += 1) text += ENCODED[path.charCodeAt(i) & 0xff];
  return text;
}

/** Paths are byte strings; the server's query parameters must be UTF-8 (mega: 1.4), so some paths cannot be asked for. */
export function isAddressable(path: RepoPath): boolean {
  // Most paths are ASCII and need no decoding.
  if (/^[\0-\x7f]*$/.test(path)) return true;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(path, 'latin1'));
    return true;
  } catch {
    return false;
  }
}

/** `/` and `a` are `/a`; `/b` and `a` are `/b/a`. */
export function joinPath(parent: RepoPath, name: string): RepoPath {
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}
