import { isTreeName, type Oid, type RepoPath, type RequestOptions } from '@scorpiofs/objects';
import { z } from 'zod';
import { checkLink } from './change-list-link.js';
import { askEnveloped } from './envelope.js';
import { broken, quote } from './failures.js';
import { joinPath } from './path-query.js';
import { oidSchema } from './schemas.js';
import type { Wire } from './wire.js';

interface Changed {
  readonly path: RepoPath;
  /** Content; of a deleted file the one that it had. */
  readonly oid: Oid;
}

/**
 * A file that a change list adds, changes, removes or moves. There are no modes here (mega: 1.10): an executable or a
 * symbolic link looks like a file, and a change of the mode alone does not appear; `fetchChangeList` has them.
 */
export type ChangedFile =
  | (Changed & { readonly action: 'new' | 'modified' | 'deleted' })
  /** What was at `oldPath` is gone (C15). */
  | (Changed & {
      readonly action: 'renamed';
      readonly oldPath: RepoPath;
      /** 0–100. */
      readonly similarity?: number;
    });

/** `null` is written for an empty list too (spec 2.5). */
const schema = z
  .array(
    z.object({
      path: z.string(),
      // Old servers wrote ids with a prefix.
      sha: z.preprocess(
        (value) => (typeof value === 'string' ? value.replace(/^sha1:/, '') : value),
        oidSchema,
      ),
      action: z.string(),
      old_path: z.string().nullish(),
      similarity: z.number().min(0).max(100).nullish(),
    }),
  )
  .nullable();

/**
 * `GET /cl/{link}/files-list`. The server's paths are relative to the change list's directory, which it does not tell
 * without login: `directory` comes from the user or the task (C14). A path that leaves it, or an action that is not known, is a
 * `SourceError`, since leaving it out would show a state that never was (C15).
 */
export async function changeListFiles(
  wire: Wire,
  link: string,
  directory: RepoPath,
  options?: RequestOptions,
): Promise<readonly ChangedFile[]> {
  const path = `/api/v1/cl/${checkLink(link)}/files-list`;
  const raw = await askEnveloped(
    wire,
    {
      kind: 'change-list',
      slot: 'listing',
      method: 'GET',
      path,
      limit: { total: wire.limits.listing },
      compressible: true,
    },
    schema,
    options,
  );
  const place = (relative: string) => absolute(path, directory, relative);
  return (raw ?? []).map((item): ChangedFile => {
    const common = { path: place(item.path), oid: item.sha };
    switch (item.action) {
      case 'new':
      case 'modified':
      case 'deleted':
        return { ...common, action: item.action };
      case 'renamed': {
        if (typeof item.old_path !== 'string')
          throw broken(path, `${quote(item.path)} is renamed from nowhere`);
        const renamed = { ...common, action: 'renamed', oldPath: place(item.old_path) } as const;
        return typeof item.similarity === 'number'
          ? { ...renamed, similarity: item.similarity }
          : renamed;
      }
      default:
        throw broken(path, `${quote(item.path)} has the unknown action ${quote(item.action)}`);
    }
  });
}

/** C14: nothing absolute, no `..`, nothing empty; the server does not check (mega: 1.9). */
function absolute(what: string, directory: RepoPath, relative: string): RepoPath {
  const bytes = Buffer.from(relative, 'utf8').toString('latin1');
  if (!bytes.split('/').every((name) => isTreeName(name)))
    throw broken(what, `the path ${quote(relative)} is not safe`);
  return joinPath(directory, bytes);
}
