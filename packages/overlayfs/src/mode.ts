import type { Attr } from '@scorpiofs/fuse';

export const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_IFCHR = 0o020000;
export const S_ISGID = 0o2000;

export function typeOf(attr: Attr): number {
  return attr.mode & S_IFMT;
}

export function isDirectory(attr: Attr): boolean {
  return typeOf(attr) === S_IFDIR;
}

/** The kernel overlay's whiteout: a character device with number 0:0 (Documentation/filesystems/overlayfs.rst). */
export function isWhiteout(attr: Attr): boolean {
  return typeOf(attr) === S_IFCHR && attr.rdev === 0;
}
