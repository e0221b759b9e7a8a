import { randomInt } from 'node:crypto';
import fs from 'node:fs';

import type { Handle } from '@scorpiofs/fuse';
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  close,
  FileHandle,
  fstat,
  fstatfs,
  getNofile,
  isLocalFsType,
  nameToHandleAt,
  O,
  openat,
  S,
  Stat,
  STATX,
} from '@scorpiofs/posix';

import { Actor } from './actor.js';
import { Descriptors } from './descriptors.js';
import type { OpenDirectory } from './directory.js';
import { failure } from './fail.js';
import { keyOfStat, WANTED } from './identity.js';
import { makeIds, type Ids } from './ids.js';
import { Mounts } from './mounts.js';
import { NodeTable } from './node-table.js';
import type { HostNode } from './node.js';
import { OpenFiles } from './open-file.js';
import type { PassthroughOptions } from './options.js';
import { cannotOpenSource } from './source-error.js';

/** What all operations share. */
export class Host {
  readonly nodes = new NodeTable();
  readonly files = new OpenFiles();
  readonly directories = new Map<Handle, OpenDirectory>();
  readonly descriptors: Descriptors;
  readonly mounts: Mounts;
  readonly actor = Actor.ofThisProcess();
  readonly uids: Ids;
  readonly gids: Ids;
  readonly ttl: number;
  readonly acl: boolean;
  readonly processUmask = readUmask();
  /** Another one at each start: node ids begin anew and must not be taken for those of an earlier life. */
  readonly generation = randomInt(1, 2 ** 32);
  /** Metadata calls on the source answer without a network. */
  readonly local: boolean;
  /** Where the answer of the last `statx` stands. */
  readonly stat = new Stat();
  readonly handle = new FileHandle();
  /** The kernel may read through descriptors opened for writing only. */
  writebackCache = false;

  constructor(
    path: string,
    readonly options: PassthroughOptions,
  ) {
    this.mounts = new Mounts(options.handles ?? 'auto');
    this.descriptors = new Descriptors(options.maxDescriptors ?? defaultDescriptors());
    this.uids = makeIds(options.squashUid, options.uidMap);
    this.gids = makeIds(options.squashGid, options.gidMap);
    this.acl = options.acl ?? options.overrideXattr === undefined;
    this.ttl = options.exclusive ? Infinity : (options.ttl ?? 1);
    const root = this.attach(path);
    const filesystem = fstatfs(root.fd);
    this.local = typeof filesystem !== 'number' && isLocalFsType(filesystem.type);
  }

  /** A directory that stays known and open until the end; the first one is the root. */
  attach(path: string): HostNode {
    const fd = openat(AT_FDCWD, Buffer.from(path), O.O_RDONLY | O.O_DIRECTORY);
    if (fd < 0) throw cannotOpenSource(path, fd);
    const { stat, handle } = this;
    let result: number = fstat(fd, stat, WANTED | STATX.MNT_ID);
    const hasHandle = nameToHandleAt(fd, '', handle, AT_EMPTY_PATH) === 0;
    const mountId = hasHandle ? handle.mountId : Number(stat.mountId);
    let mount = this.mounts.find(mountId, stat.dev);
    if (result === 0 && mount === undefined) {
      const own = openat(fd, '.', O.O_RDONLY | O.O_DIRECTORY);
      if (own < 0) result = own;
      else mount = this.mounts.add(mountId, stat.dev, own);
    }
    if (mount === undefined) {
      close(fd);
      throw cannotOpenSource(path, result);
    }
    const key = mount.byHandle ? handle.key : keyOfStat(stat);
    const node = this.nodes.withKey(mount, key) ?? this.nodes.add(mount, key, S.IFDIR);
    if (node.pinned) {
      close(fd);
      return node;
    }
    this.descriptors.drop(node);
    node.fd = fd;
    node.pinned = true;
    return node;
  }

  assertWritable(): void {
    if (this.options.readOnly) throw failure('EROFS');
  }

  closeAll(): void {
    this.files.closeAll();
    for (const { fd } of this.directories.values()) close(fd);
    this.directories.clear();
    this.descriptors.closeAll();
    for (const node of this.nodes) {
      if (node.pinned && node.fd >= 0) close(node.fd);
      node.fd = -1;
    }
    this.mounts.closeAll();
  }
}

function defaultDescriptors(): number {
  const limit = getNofile();
  const soft = typeof limit === 'number' ? 1024 : limit.soft;
  return Math.max(64, Math.min(4096, Math.floor(soft / 4)));
}

/** Read, not changed and changed back: other threads create files meanwhile. */
function readUmask(): number {
  const status = fs.readFileSync('/proc/self/status', 'latin1');
  return parseInt(/^Umask:\s*([0-7]+)/m.exec(status)?.[1] ?? '022', 8);
}
