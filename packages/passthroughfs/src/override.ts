import { getxattr, procPath, S, setxattr } from '@scorpiofs/posix';

import { check, failure } from './fail.js';
import type { Host } from './host.js';
import type { HostNode } from './node.js';

/** Owner and permission bits as shown, kept in an extended attribute because the host cannot keep them itself. */
export interface Override {
  readonly uid: number;
  readonly gid: number;
  /** 07777 bits. */
  readonly mode: number;
}

const FORM = /^(\d{1,10}):(\d{1,10}):([0-7]{1,5})(?::|$)/;
const MAX_ID = 0xffff_ffff;

/** `uid:gid:mode`, mode in octal; what follows a further colon (the type, in newer tools) is not ours to change. */
export function parseOverride(value: string): Override | undefined {
  const match = FORM.exec(value);
  if (match === null) return undefined;
  const [uid, gid, mode] = [Number(match[1]), Number(match[2]), parseInt(match[3] ?? '', 8)];
  return uid > MAX_ID || gid > MAX_ID ? undefined : { uid, gid, mode: mode & 0o7777 };
}

export function formatOverride({ uid, gid, mode }: Override): string {
  return `${uid}:${gid}:${mode.toString(8).padStart(4, '0')}`;
}

/** Undefined where there is none, or a damaged one: then the host's own owner and mode are shown. */
export function readOverride(host: Host, node: HostNode): Override | undefined {
  const name = host.options.overrideXattr;
  if (name === undefined || !canHave(node)) return undefined;
  const fd = host.descriptors.ofAny(node);
  const value = fd < 0 ? fd : getxattr(procPath(fd), name);
  return typeof value === 'number' ? undefined : parseOverride(value.toString('latin1'));
}

/** `fd`: a descriptor of the node, if the caller has one. */
export function writeOverride(
  host: Host,
  node: HostNode,
  override: Override,
  fd = check(host.descriptors.ofAny(node)),
): void {
  const name = host.options.overrideXattr;
  if (name === undefined) return;
  // Linux keeps no attributes of users for symlinks and devices: nothing could remember the change.
  if (!canHave(node)) throw failure('EPERM');
  check(setxattr(procPath(fd), name, Buffer.from(formatOverride(override), 'latin1')));
}

/** What is shown now, to be changed; `host.stat` holds the file's attributes. */
export function currentOverride(host: Host, node: HostNode): Override {
  const { uid, gid, mode } = host.stat;
  return readOverride(host, node) ?? { uid, gid, mode: mode & 0o7777 };
}

export function canHave(node: HostNode): boolean {
  return node.type === S.IFREG || node.type === S.IFDIR;
}
