import type { Owner } from './below/base-layer.js';
import { invalid } from './error.js';

/** What `POST /mounts` asks for, as it came. */
export interface CreateRequest {
  readonly path: string;
  readonly job_id?: string | null | undefined;
  readonly build_id?: string | null | undefined;
  readonly cl?: string | null | undefined;
  /** Directory that the change list's paths are relative to; found where the server tells it. */
  readonly cl_path?: string | null | undefined;
  /** An empty directory to mount at, instead of `<mount root>/<mount id>`. */
  readonly mountpoint?: string | null | undefined;
  /** Whose job it is: the view and all in it belongs to this user and group. Default: the daemon's. */
  readonly uid?: number | null | undefined;
  /** Default: the number of `uid`. */
  readonly gid?: number | null | undefined;
}

const LONGEST = 4096;
/** 4294967295 means "no user" to the kernel. */
const MOST_USERS = 4_294_967_294;

/** Spec 1.5 R3.1 and W-03: one spelling for each directory; nothing that climbs or hides. */
export function normalisePath(given: string): string {
  const path = given.trim();
  if (path === '') throw invalid('path cannot be empty', 'Name a directory of the monorepo, or /.');
  if (path.includes('\0')) throw invalid('path cannot contain a NUL character');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..'))
    throw invalid('path cannot contain ".."', 'Name it from the top: /a/b.');
  const found = `/${parts.join('/')}`;
  if (Buffer.byteLength(found) > LONGEST || parts.some((part) => Buffer.byteLength(part) > 255))
    throw invalid('path is too long', 'Names have at most 255 bytes, paths 4096.');
  return found;
}

/** Spec 1.5 R3.2: a blank `job_id` hides `build_id`. */
export function taskOf({ job_id, build_id }: CreateRequest): string | undefined {
  const task = (job_id ?? build_id ?? '').trim();
  if (task === '') return undefined;
  if (Buffer.byteLength(task) > 1024 || hasControl(task))
    throw invalid('job_id/build_id is not usable', 'At most 1024 bytes, no control characters.');
  return task;
}

/** Undefined: the daemon's own user. */
export function userOf({ uid, gid }: CreateRequest): Owner | undefined {
  if (uid === null || uid === undefined) {
    if (gid === null || gid === undefined) return undefined;
    throw invalid('gid without uid', 'Name the user too.');
  }
  const owner = { uid, gid: gid ?? uid };
  for (const [name, id] of Object.entries(owner))
    if (!Number.isInteger(id) || id < 0 || id > MOST_USERS)
      throw invalid(`${name} is no id of a user`);
  const [own, group] = [process.geteuid?.(), process.getegid?.()];
  if (owner.uid === own && owner.gid === group) return undefined;
  if (own !== 0)
    throw invalid(
      'uid and gid need a daemon that runs as root',
      'Run the daemon as that user instead.',
    );
  return owner;
}

/** W-04: checked before it becomes part of an address. */
export function linkOf(cl: string | null | undefined): string | undefined {
  if (cl === null || cl === undefined) return undefined;
  if (cl.trim() === '') throw invalid('cl link cannot be empty');
  if (!/^[A-Za-z0-9]{1,32}$/.test(cl))
    throw invalid(
      `${JSON.stringify(cl.slice(0, 80))} is no link of a change list`,
      'A link is 8 letters and digits, as in the address of its page: K7Q2ZP9A.',
    );
  return cl;
}

export function hasControl(text: string): boolean {
  return Array.from(text).some((c) => c < ' ' || c === '\x7f');
}
