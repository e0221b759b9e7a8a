import type { Entry, Name, NodeId, Request } from '@scorpiofs/fuse';
import { handOn } from './hand-on.js';
import { getXattr } from './marks.js';
import type { LayerState } from './layers.js';
import { isDirectory, S_IFLNK, S_ISGID, typeOf } from './mode.js';
import { wait, type Op } from './run.js';
import { OWN_REQUEST } from './state.js';

const DEFAULT_ACL = 'system.posix_acl_default' as Name;
const ACCESS_ACL = 'system.posix_acl_access' as Name;

/**
 * What a new entry takes from its directory, for one that was made aside in the work directory: the group of a set-group-id
 * directory, its default ACL (acl(5), "object creation and default ACLs"), and file attributes such as `chattr +d`.
 */
export function* inherit(upper: LayerState, parent: NodeId, entry: Entry, req: Request): Op<Entry> {
  const { fs } = upper;
  if (fs.getattr === undefined || fs.setattr === undefined) return entry;
  const directory = (yield* wait(fs.getattr(OWN_REQUEST, parent, undefined))).attr;
  let { attr } = entry;
  if ((directory.mode & S_ISGID) !== 0 && attr.gid !== directory.gid) {
    const mode = (attr.mode & 0o7777) | (isDirectory(attr) ? S_ISGID : 0);
    const set = { gid: directory.gid, mode };
    attr = (yield* wait(fs.setattr(OWN_REQUEST, entry.node, set, undefined))).attr;
  }
  yield* handOn(upper, parent, upper, entry.node, typeOf(attr));
  if (typeOf(attr) !== S_IFLNK && fs.setxattr !== undefined) {
    const acl = yield* getXattr(upper, req, parent, DEFAULT_ACL);
    if (acl !== undefined && acl.length >= 4) {
      if (isDirectory(attr))
        yield* wait(fs.setxattr(OWN_REQUEST, entry.node, DEFAULT_ACL, Buffer.from(acl), 0, false));
      const access = limitAcl(acl, attr.mode);
      yield* wait(fs.setxattr(OWN_REQUEST, entry.node, ACCESS_ACL, access, 0, false));
      attr = (yield* wait(fs.getattr(OWN_REQUEST, entry.node, undefined))).attr;
    }
  }
  return { ...entry, attr };
}

const USER_OBJ = 0x01;
const GROUP_OBJ = 0x04;
const MASK = 0x10;
const OTHER = 0x20;

/** The inherited ACL with its owner, mask (or group) and other entries limited by the mode (linux/posix_acl_xattr.h). */
export function limitAcl(acl: Uint8Array, mode: number): Buffer {
  const out = Buffer.from(acl);
  let hasMask = false;
  for (let at = 4; at + 8 <= out.length; at += 8) hasMask ||= out.readUInt16LE(at) === MASK;
  for (let at = 4; at + 8 <= out.length; at += 8) {
    const tag = out.readUInt16LE(at);
    const limit = (bits: number) => out.writeUInt16LE(out.readUInt16LE(at + 2) & bits & 7, at + 2);
    if (tag === USER_OBJ) limit(mode >> 6);
    else if (tag === MASK || (tag === GROUP_OBJ && !hasMask)) limit(mode >> 3);
    else if (tag === OTHER) limit(mode);
  }
  return out;
}
