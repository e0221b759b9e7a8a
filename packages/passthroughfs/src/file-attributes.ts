import {
  FILE_ATTRIBUTE,
  type FileAttributeForm,
  type FileAttributes,
  type Handle,
  type NodeId,
  type Request,
} from '@scorpiofs/fuse';
import { close, getFileFlags, getFsxattr, O, S, setFileFlags, setFsxattr } from '@scorpiofs/posix';

import { check, failure, must } from './fail.js';
import type { Host } from './host.js';
import type { HostNode } from './node.js';

/** `fh`: of an open file or directory of the node, or anything else. */
export function getFileAttributes(
  host: Host,
  id: NodeId,
  fh: Handle | undefined,
  form: FileAttributeForm,
): FileAttributes {
  return withOpen(host, host.nodes.get(id), fh, (fd) => read(fd, form));
}

/** Who may do it was checked by the kernel; one flag it leaves to the file system, which sees root here. */
export function setFileAttributes(
  host: Host,
  req: Request,
  id: NodeId,
  fh: Handle | undefined,
  set: FileAttributes,
): void {
  host.assertWritable();
  withOpen(host, host.nodes.get(id), fh, (fd) => {
    if (req.uid !== 0 && set.form === 'flags') keepsJournalling(fd, set.bits);
    write(fd, set);
  });
}

function read(fd: number, form: FileAttributeForm): FileAttributes {
  if (form === 'flags') return { form, bits: check(getFileFlags(fd)) };
  const { xflags, ...more } = must(getFsxattr(fd));
  return { form, bits: xflags, more };
}

function write(fd: number, { form, bits, more }: FileAttributes): void {
  if (form === 'flags') check(setFileFlags(fd, bits));
  else {
    const { extsize = 0, nextents = 0, projid = 0, cowextsize = 0 } = more ?? {};
    check(setFsxattr(fd, { xflags: bits, extsize, nextents, projid, cowextsize }));
  }
}

/** Whose data ext4 journals is root's to say (CAP_SYS_RESOURCE). */
function keepsJournalling(fd: number, wanted: number): void {
  const changed = check(getFileFlags(fd)) ^ wanted;
  if ((changed & FILE_ATTRIBUTE.flags.JOURNAL_DATA) !== 0) throw failure('EPERM');
}

/** The commands need a file that is really open: O_PATH descriptors take none. */
function withOpen<T>(
  host: Host,
  node: HostNode,
  fh: Handle | undefined,
  work: (fd: number) => T,
): T {
  if (node.type !== S.IFREG && node.type !== S.IFDIR) throw failure('ENOTTY');
  const open = host.files.find(fh) ?? (fh === undefined ? undefined : host.directories.get(fh));
  if (open?.node === node) return work(open.fd);
  const fd = check(host.descriptors.openNew(node, O.O_RDONLY));
  try {
    return work(fd);
  } finally {
    close(fd);
  }
}
