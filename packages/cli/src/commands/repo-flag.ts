import { existsSync } from 'node:fs';

/** What git takes as a URL: `https://…`, or `user@host:path`. */
export function isUrl(repo: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(repo) || /^[^/]+@[^/]+:/.test(repo);
}

/** What is wrong with the value of a `--repo`. */
export function checkRepo(value: string): string | undefined {
  if (value === '') return 'a path or a URL is needed';
  if (isUrl(value)) return undefined;
  return existsSync(value) ? undefined : 'there is nothing at this path';
}
