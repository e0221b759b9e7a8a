import { changeListDetail, changeListHead, type Wire } from '@scorpiofs/mega-client';
import type { RepoPath } from '@scorpiofs/objects';

/** Directories that are asked one after the other; a view deeper than that is unusual. */
const MOST = 12;

/**
 * What a change list's paths are relative to, where the server tells it: by its detail (needs a session), else by the directory at or above the view
 * whose refs have it. Undefined: nobody tells.
 */
export async function changeListDirectory(
  wire: Wire,
  link: string,
  view: RepoPath,
): Promise<RepoPath | undefined> {
  try {
    return (await changeListDetail(wire, link)).directory;
  } catch {
    // Refused without login: the usual case.
  }
  const candidates: RepoPath[] = [];
  for (let path = view; candidates.length < MOST; path = parentOf(path)) {
    candidates.push(path);
    if (path === '/') break;
  }
  for (const directory of candidates) {
    try {
      if ((await changeListHead(wire, directory, link)) !== undefined) return directory;
    } catch {
      // A server without git, or a directory that it cannot serve so.
    }
  }
  return undefined;
}

function parentOf(path: RepoPath): RepoPath {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
