import { lstat, readdir } from 'node:fs/promises';
import { lgetxattr } from '@scorpiofs/posix';
import type { Base } from './base.js';

export type ChangeKind = 'added' | 'modified' | 'deleted' | 'renamed' | 'metadata';

/** One difference of a view from what lies below its upper. */
export interface Change {
  readonly kind: ChangeKind;
  /** From the view's top, `/a/b`; bytes that are not UTF-8 are replaced, and `path_b64` has them. */
  readonly path: string;
  readonly path_b64?: string;
  readonly old_path?: string;
}

/** What lies below an upper. */
export interface Below {
  readonly base: Base;
  readonly revision: string;
  /** The view's directory in the monorepo. */
  readonly path: string;
  readonly cl: string | undefined;
}

type Bytes = string;

/**
 * What a job changed, from its upper alone: the view is never walked. A file that was renamed shows as deleted and added; a directory that was renamed as
 * renamed (the kernel notes where it came from).
 */
export async function changesOf(upper: string, below: Below): Promise<Change[]> {
  const found: Change[] = [];
  await walk(upper, '', '', below, found);
  // The whiteout where a directory was renamed from is part of the renaming.
  const from = new Set(found.map((one) => one.old_path));
  return found.filter((one) => one.kind !== 'deleted' || !from.has(one.path));
}

function latin(path: Bytes): Buffer {
  return Buffer.from(path, 'latin1');
}

function hostPath(top: string, path: Bytes): Buffer {
  return Buffer.concat([Buffer.from(top), latin(path)]);
}

function change(kind: ChangeKind, path: Bytes, old?: Bytes): Change {
  const text = latin(path).toString();
  const exact = Buffer.from(text).equals(latin(path));
  return {
    kind,
    path: text,
    ...(!exact && { path_b64: latin(path).toString('base64') }),
    ...(old !== undefined && { old_path: latin(old).toString() }),
  };
}

/** `origin`: where the directory's lower content is, in the overlay below; undefined: it has none. */
async function walk(
  upper: string,
  path: Bytes,
  origin: Bytes | undefined,
  below: Below,
  found: Change[],
): Promise<void> {
  const names = (await readdir(hostPath(upper, path), { encoding: 'latin1' })).sort();
  for (const name of names) {
    const here = `${path}/${name}`;
    const lower = origin === undefined ? undefined : `${origin}/${name}`;
    const stat = await lstat(hostPath(upper, here));
    const was = lower !== undefined && (await isBelow(below, lower));
    if (stat.isCharacterDevice() && stat.rdev === 0) {
      if (was) found.push(change('deleted', here));
    } else if (!stat.isDirectory()) found.push(change(was ? 'modified' : 'added', here));
    else await directory(upper, here, was ? lower : undefined, below, found);
  }
}

async function directory(
  upper: string,
  here: Bytes,
  lower: Bytes | undefined,
  below: Below,
  found: Change[],
): Promise<void> {
  const at = hostPath(upper, here);
  const redirect = attribute(at, 'trusted.overlay.redirect');
  if (redirect !== undefined) {
    const old = redirect.startsWith('/') ? redirect : `${parent(here)}/${redirect}`;
    found.push(change('renamed', here, old));
    await walk(upper, here, old, below, found);
    return;
  }
  if (lower === undefined) {
    found.push(change('added', here));
    await walk(upper, here, undefined, below, found);
    return;
  }
  await walk(upper, here, lower, below, found);
  // Replaced: what the directory had before and has no more is hidden without whiteouts.
  if (attribute(at, 'trusted.overlay.opaque') !== 'y') return;
  const now = new Set(await readdir(at, { encoding: 'latin1' }));
  for (const name of await namesBelow(below, lower))
    if (!now.has(name)) found.push(change('deleted', `${here}/${name}`));
}

function attribute(path: Buffer, name: string): string | undefined {
  const value = lgetxattr(path, name);
  return typeof value === 'number' ? undefined : Buffer.from(value).toString('latin1');
}

function parent(path: Bytes): Bytes {
  return path.slice(0, path.lastIndexOf('/'));
}

/** `true` or `false` where the change list decides; undefined: the base does. */
async function inChangeList(cl: string, path: Bytes): Promise<boolean | undefined> {
  const parts = path.slice(1).split('/');
  for (let i = 1; i <= parts.length; i++) {
    const stat = await lstat(hostPath(cl, `/${parts.slice(0, i).join('/')}`)).catch(
      () => undefined,
    );
    if (stat === undefined) return undefined;
    if (stat.isCharacterDevice() && stat.rdev === 0) return false;
    if (!stat.isDirectory()) return i === parts.length;
  }
  return true;
}

async function isBelow(below: Below, path: Bytes): Promise<boolean> {
  if (below.cl !== undefined) {
    const decided = await inChangeList(below.cl, path);
    if (decided !== undefined) return decided;
  }
  return (await below.base.kind(below.revision, at(below, path))) !== undefined;
}

function at({ path }: Below, inView: Bytes): Bytes {
  const top = Buffer.from(path).toString('latin1');
  return top === '/' ? inView : `${top}${inView}`;
}

async function namesBelow(below: Below, path: Bytes): Promise<string[]> {
  const names = new Set(await below.base.names(below.revision, at(below, path)));
  if (below.cl !== undefined) {
    const own = await readdir(hostPath(below.cl, path), { encoding: 'latin1' }).catch(() => []);
    for (const name of own)
      if ((await inChangeList(below.cl, `${path}/${name}`)) === false) names.delete(name);
      else names.add(name);
  }
  return [...names].sort();
}
