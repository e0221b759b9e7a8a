import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.js';

/**
 * The server's own bare repository below the data directory. It reads the objects of others through
 * `objects/info/alternates` and writes only its own.
 */
export async function openDataRepository(
  git: Git,
  dataDir: string,
  alternates: readonly string[],
  shallow: readonly string[],
): Promise<string> {
  const gitDir = join(dataDir, 'objects.git');
  if (!existsSync(join(gitDir, 'HEAD')))
    await git.run(['init', '--quiet', '--bare', '--template=', '--', gitDir]);
  await mkdir(join(gitDir, 'objects', 'info'), { recursive: true });
  await writeFile(
    join(gitDir, 'objects', 'info', 'alternates'),
    alternates.map((dir) => `${quoteAlternate(dir)}\n`).join(''),
  );
  // Without the borrowed repository's boundary git would look for parents that are not there.
  if (shallow.length > 0)
    await writeFile(join(gitDir, 'shallow'), shallow.map((oid) => `${oid}\n`).join(''));
  else await rm(join(gitDir, 'shallow'), { force: true });
  return gitDir;
}

/** A path that begins with `"` or `#` or holds a newline must be quoted as C text. */
function quoteAlternate(dir: string): string {
  if (!/^["#]|[\n\\]/.test(dir)) return dir;
  return `"${dir.replaceAll(/["\\]/g, (c) => `\\${c}`).replaceAll('\n', '\\n')}"`;
}
