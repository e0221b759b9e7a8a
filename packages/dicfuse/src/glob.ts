/**
 * Whether a pattern matches a path (both without leading slash, one character per byte). `*` and `?` stay within a name, `**`
 * as a whole name stands for any number of them, a leading `!` is not special.
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  const parts = pattern.split('/').filter((part) => part !== '');
  return (path) => matches(parts, 0, path.split('/'), 0);
}

function matches(
  pattern: readonly string[],
  p: number,
  path: readonly string[],
  at: number,
): boolean {
  const part = pattern[p];
  if (part === undefined) return at === path.length;
  if (part === '**') {
    // Several in a row stand for no more than one: without this the tries multiply.
    if (pattern[p + 1] === '**') return matches(pattern, p + 1, path, at);
    for (let i = at; i <= path.length; i++) if (matches(pattern, p + 1, path, i)) return true;
    return false;
  }
  const name = path[at];
  return name !== undefined && nameMatches(part, name) && matches(pattern, p + 1, path, at + 1);
}

/** Greedy with one point of return: linear for ordinary patterns, never exponential. */
function nameMatches(pattern: string, name: string): boolean {
  let [p, n, star, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++;
      mark = n;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
