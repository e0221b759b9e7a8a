import fs from 'node:fs';

import type { NodeId } from '@scorpiofs/fuse';
import { close, errno, flock, LOCK, O } from '@scorpiofs/posix';

import { check } from './fail.js';
import type { Host } from './host.js';

/** A lock on the directory itself: it goes with the process, however that ends. */
export function claim(host: Host, id: NodeId): (() => void) | number {
  const node = host.nodes.get(id);
  const fd = check(host.descriptors.openNew(node, O.O_RDONLY | O.O_DIRECTORY));
  const r = flock(fd, LOCK.EX | LOCK.NB);
  if (r === 0) return () => close(fd);
  try {
    // A file system without locks cannot tell anyone.
    if (r !== -errno.EAGAIN) return () => undefined;
    return holderOf(fd);
  } finally {
    close(fd);
  }
}

/** `/proc/locks` names devices as `major:minor`, in hexadecimal; 0 where it does not show the holder. */
function holderOf(fd: number): number {
  const { dev, ino } = fs.fstatSync(fd, { bigint: true });
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  const hex = (n: bigint) => n.toString(16).padStart(2, '0');
  const place = `${hex(major)}:${hex(minor)}:${ino}`;
  for (const line of readLocks()) {
    const [, kind, , , pid, where] = line.trim().split(/\s+/);
    if (kind === 'FLOCK' && where === place) return Math.max(0, Number(pid));
  }
  return 0;
}

function readLocks(): readonly string[] {
  try {
    return fs.readFileSync('/proc/locks', 'latin1').split('\n');
  } catch {
    return [];
  }
}
