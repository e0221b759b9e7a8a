import { errnoName, O, S, umask } from '@scorpiofs/posix';
import { FsError } from '../fs-error.js';
import type { Client } from './client.js';
import { MountedClient } from './mounted-client.js';
import { ownGroups } from './own-groups.js';

/** Everybody who acts, with the groups besides the first. */
interface Actor {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

const GROUP = 7777;
const NOBODY = 65_534;
const OTHER = 3456;

const ACTORS = {
  root: { uid: 0, gid: 0, groups: [] },
  nobody: { uid: NOBODY, gid: NOBODY, groups: [] },
  member: { uid: 1234, gid: 2345, groups: [GROUP] },
  owner: { uid: OTHER, gid: 4567, groups: [GROUP] },
} satisfies Record<string, Actor>;

interface Thing {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Named user of an access ACL, and of the default ACL of a directory. */
  readonly acl?: number;
}

const DIRECTORIES: Readonly<Record<string, Thing>> = {
  d0755: { mode: 0o755 },
  d0777: { mode: 0o777 },
  d1777: { mode: 0o1777 },
  'd1775 other:group': { mode: 0o1775, uid: OTHER, gid: GROUP },
  'd0755 nobody': { mode: 0o755, uid: NOBODY, gid: NOBODY },
  'd2775 group': { mode: 0o2775, gid: GROUP },
  'd0770 group': { mode: 0o770, gid: GROUP },
  d0711: { mode: 0o711 },
  'd0755 with ACL': { mode: 0o755, acl: NOBODY },
};

const FILES: Readonly<Record<string, Thing>> = {
  '0644': { mode: 0o644 },
  '0666': { mode: 0o666 },
  '0644 nobody': { mode: 0o644, uid: NOBODY, gid: NOBODY },
  '6755 nobody': { mode: 0o6755, uid: NOBODY, gid: NOBODY },
  '0664 other:group': { mode: 0o664, uid: OTHER, gid: GROUP },
  '6777 other:group': { mode: 0o6777, uid: OTHER, gid: GROUP },
  '2766 other:group': { mode: 0o2766, uid: OTHER, gid: GROUP },
  '0600 with ACL': { mode: 0o600, acl: NOBODY },
};

const ACCESS_ACL = 'system.posix_acl_access';
const DEFAULT_ACL = 'system.posix_acl_default';
const ACL_VERSION = 2;
const NO_ID = 0xffff_ffff;

/** Owner rw, the named user rw (a directory: all), group and others nothing, in the form of linux/posix_acl_xattr.h. */
function aclFor(user: number, directory: boolean): Buffer {
  const all = directory ? 7 : 6;
  const entries = [
    [0x01, all, NO_ID],
    [0x02, all, user],
    [0x04, 5, NO_ID],
    [0x10, 7, NO_ID],
    [0x20, directory ? 5 : 0, NO_ID],
  ] as const;
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(ACL_VERSION, 0);
  for (const [i, [tag, permissions, id]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + 8 * i);
    bytes.writeUInt16LE(permissions, 6 + 8 * i);
    bytes.writeUInt32LE(id, 8 + 8 * i);
  }
  return bytes;
}

/** One deed with `f` in the directory of an instance. */
type Deed = (c: Client, n: string) => Promise<unknown>;

async function opened(
  c: Client,
  path: string,
  flags: number,
  text?: string,
  mode = 0,
): Promise<void> {
  const file = await c.open(path, flags, mode);
  try {
    if (text !== undefined) await file.write(text, 0);
  } finally {
    await file.close();
  }
}

/** To an existing file. */
const WITH_FILE: Readonly<Record<string, Deed>> = {
  stat: (c) => c.lstat('f'),
  read: (c) => c.readFile('f'),
  write: (c) => opened(c, 'f', O.O_WRONLY, 'X'),
  'open for both': (c) => opened(c, 'f', O.O_RDWR),
  'open O_TRUNC': (c) => opened(c, 'f', O.O_WRONLY | O.O_TRUNC),
  'open O_CREAT': (c) => opened(c, 'f', O.O_WRONLY | O.O_CREAT, 'X', 0o600),
  truncate: (c) => c.truncate('f', 1),
  'chmod 0600': (c) => c.chmod('f', 0o600),
  'chmod 2755': (c) => c.chmod('f', 0o2755),
  'chmod 6777': (c) => c.chmod('f', 0o6777),
  'chown to root': (c) => c.chown('f', 0, -1),
  'chown to nobody': (c) => c.chown('f', NOBODY, -1),
  'chgrp to the group': (c) => c.chown('f', -1, GROUP),
  'chown to nothing': (c) => c.chown('f', -1, -1),
  'utimes now': (c) => c.utimens('f', { atimeNs: 'now', mtimeNs: 'now' }),
  utimes: (c) => c.utimens('f', { atimeNs: 1n, mtimeNs: 1n }),
  setxattr: (c) => c.setxattr('f', 'user.y', 'y'),
  getxattr: (c) => c.getxattr('f', 'user.x'),
  removexattr: (c) => c.removexattr('f', 'user.x'),
  'set an ACL': (c) => c.setxattr('f', ACCESS_ACL, aclFor(OTHER, false)),
};

/** To a name: these ask the directory. */
const WITH_NAME: Readonly<Record<string, Deed>> = {
  link: (c) => c.link('f', 'new'),
  unlink: (c) => c.unlink('f'),
  rename: (c) => c.rename('f', 'new'),
  'rename away': (c, n) => c.rename('f', `../target/${n}`),
  'rename over': (c) => c.rename('g', 'f'),
};

/** To the directory. */
const WITH_DIRECTORY: Readonly<Record<string, Deed>> = {
  list: (c) => c.list('.'),
  mkdir: (c) => c.mkdir('new', 0o777),
  'mkdir 3777': (c) => c.mkdir('new', 0o3777),
  create: (c) => opened(c, 'new', O.O_WRONLY | O.O_CREAT | O.O_EXCL, 'X', 0o666),
  'create 6777': (c) => opened(c, 'new', O.O_WRONLY | O.O_CREAT, undefined, 0o6777),
  tmpfile: (c) => opened(c, '.', O.O_RDWR | O.O_TMPFILE, 'X', 0o666),
  symlink: (c) => c.symlink('x', 'new'),
  mkfifo: (c) => c.mknod('new', S.IFIFO | 0o666),
  mknod: (c) => c.mknod('new', S.IFCHR | 0o666, 0x103),
  rmdir: (c) => c.rmdir('e'),
  'rename of a directory': (c) => c.rename('e', 'new'),
  'rename of a directory away': (c, n) => c.rename('e', `../target/${n}`),
  'chmod of the directory': (c) => c.chmod('.', 0o2777),
  'chgrp of the directory': (c) => c.chown('.', -1, GROUP),
  'default ACL': (c) => c.setxattr('.', DEFAULT_ACL, aclFor(OTHER, true)),
};

interface Instance {
  readonly title: string;
  readonly actor: Actor;
  readonly deed: Deed;
  readonly mask: number;
  readonly directory: Thing;
  readonly file: Thing;
  /** Which of the names are needed. */
  readonly names: readonly string[];
}

/** What does not change the directory is done in these alone. */
const FEW = ['d0755', 'd0770 group'];

function* instances(): Generator<Instance> {
  // By actor, since to change groups is dear.
  for (const [who, actor] of Object.entries<Actor>(ACTORS))
    for (const [where, directory] of Object.entries(DIRECTORIES)) {
      const few = FEW.includes(where);
      for (const [what, file] of Object.entries(FILES))
        for (const [how, deed] of Object.entries({ ...(few ? WITH_FILE : {}), ...WITH_NAME })) {
          // For names the owner counts, not the mode.
          if (!few && file.mode > 0o777) continue;
          const title = `${who}: ${how}, ${what} in ${where}`;
          const names = how === 'rename over' ? ['f', 'g'] : ['f'];
          yield { title, actor, deed, mask: 0, directory, file, names };
        }
      for (const mask of [0, 0o027])
        for (const [how, deed] of Object.entries(WITH_DIRECTORY)) {
          const title = `${who}: ${how}, umask ${mask.toString(8)} in ${where}`;
          yield { title, actor, deed, mask, directory, file: { mode: 0o755 }, names: ['e'] };
        }
    }
}

async function make(c: Client, path: string, thing: Thing, directory: boolean): Promise<void> {
  const { mode, uid = 0, gid = 0, acl } = thing;
  if (directory) await c.mkdir(path);
  else {
    await c.writeFile(path, 'text');
    await c.setxattr(path, 'user.x', 'x');
  }
  if (uid !== 0 || gid !== 0) await c.chown(path, uid, gid);
  await c.chmod(path, mode);
  if (acl === undefined) return;
  await c.setxattr(path, ACCESS_ACL, aclFor(acl, directory));
  if (directory) await c.setxattr(path, DEFAULT_ACL, aclFor(acl, true));
}

/**
 * Makes, in an empty host directory, what the matrix of permissions acts on: a directory of its own for each deed. Root's
 * rights are needed here and below.
 */
export async function buildPermissionTree(root: string): Promise<void> {
  const c = new MountedClient(root);
  await c.mkdir('target', 0o777);
  let n = 0;
  for (const { directory, file, names } of instances()) {
    const at = `${n++}`;
    await make(c, at, directory, true);
    for (const name of names) await make(c, `${at}/${name}`, file, name === 'e');
  }
}

async function described(c: Client, path: string): Promise<string> {
  let attr;
  try {
    attr = await c.lstat(path);
  } catch (error) {
    if (error instanceof FsError) return '-';
    throw error;
  }
  const { mode, uid, gid, size, nlink } = attr;
  const directory = (mode & S.IFMT) === S.IFDIR;
  const acls: string[] = [];
  for (const name of directory ? [ACCESS_ACL, DEFAULT_ACL] : [ACCESS_ACL])
    try {
      acls.push((await c.getxattr(path, name)).toString('hex'));
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
    }
  return [mode.toString(8), uid, gid, directory ? '' : `${size} ${nlink}`, ...acls].join(' ');
}

/**
 * Acts as several users in such a tree, directly or through a mount of it, and says what became of each deed: the errno or
 * `ok`, and owner, mode, size, links and ACLs of what is there then. Equal on every file system with the kernel's permissions.
 */
export async function runPermissionTree(root: string): Promise<Readonly<Record<string, string>>> {
  const outcomes: Record<string, string> = {};
  const all = new MountedClient(root);
  const groups = ownGroups();
  let acting: Actor | undefined;
  let n = 0;
  try {
    for (const { title, actor, deed, mask, names } of instances()) {
      if (acting !== actor) process.setgroups?.([...(acting = actor).groups]);
      const at = `${n++}`;
      let outcome = 'ok';
      try {
        await deed(new Masked(`${root}/${at}`, actor, mask), at);
      } catch (error) {
        if (!(error instanceof FsError)) throw error;
        outcome = errnoName(error.errno);
      }
      const after = ['.', ...names, 'new', `../target/${at}`];
      const seen: string[] = [];
      for (const path of outcome === 'ok' ? after : after.slice(0, 2))
        seen.push(await described(all.within(at), path));
      outcomes[title] = [outcome, ...seen].join(' | ');
    }
  } finally {
    process.setgroups?.(groups);
  }
  return outcomes;
}

/** A client with a umask. */
class Masked extends MountedClient {
  constructor(
    root: string,
    who: Actor,
    private readonly mask: number,
  ) {
    super(root, who);
  }

  override call<T>(work: () => T): T {
    return super.call(() => {
      const old = umask(this.mask);
      try {
        return work();
      } finally {
        umask(old);
      }
    });
  }
}

/** Where FUSE differs from other file systems, whatever serves it. */
const BY_FUSE: readonly RegExp[] = [
  // chown(2) that names neither owner nor group takes set-id bits away elsewhere; the daemon is not asked (fuse_setattr).
  /: chown to nothing, [26]7/,
  // Without group execution the bit is no set-group-id to FUSE_HANDLE_KILLPRIV_V2; other file systems clear it for strangers.
  /^nobody: (write|open O_\w+|truncate), 2766 /,
  // A request names one group: in a set-group-id directory of another of the caller's groups the bit is dropped.
  /^(member|owner): create 6777, .* in d2775 group$/,
];

/** What differs between two runs, one line each; without what FUSE itself does not offer. */
export function permissionDifferences(
  wanted: Readonly<Record<string, string>>,
  got: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(wanted)
    .filter(([title, outcome]) => got[title] !== outcome && !BY_FUSE.some((one) => one.test(title)))
    .map(([title, outcome]) => `${title}: ${outcome}, here ${got[title]}`);
}
