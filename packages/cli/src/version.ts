import { readFileSync } from 'node:fs';

/** The version of this package, which all packages of a release share. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
