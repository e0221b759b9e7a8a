import { join } from 'node:path';
import { AT_FDCWD, errnoName, lsetxattr, mknodat, S, unlinkat } from '@scorpiofs/posix';

/** Which marks of an overlay this process may write in a directory of the host; `reason` is what was refused. */
export type HostMarks =
  /** As the kernel's overlay: character devices 0:0 and `trusted.*` attributes. */
  | { readonly marks: 'kernel' }
  /** `.wh.` files and `user.*` attributes (decision D5). */
  | { readonly marks: 'oci'; readonly reason: string }
  /** Nothing can be written there; `reason` is the name of the errno. */
  | { readonly marks: 'none'; readonly reason: string };

const NOT_WRITABLE: readonly string[] = ['EROFS', 'EACCES', 'ENOSPC'];

/** Tries it, with an entry that is gone afterwards: meant for a work directory, which nobody is shown. */
export function probeHostMarks(directory: string): HostMarks {
  const trial = Buffer.from(join(directory, `#form-${process.pid}`));
  const made = mknodat(AT_FDCWD, trial, S.IFCHR, 0);
  if (made < 0) {
    const reason = errnoName(made) ?? `errno ${made}`;
    if (NOT_WRITABLE.includes(reason)) return { marks: 'none', reason };
    return { marks: 'oci', reason: `devices cannot be made there (${reason})` };
  }
  const marked = lsetxattr(trial, Buffer.from('trusted.overlay.opaque'), Buffer.from('y'), 0);
  unlinkat(AT_FDCWD, trial, 0);
  if (marked >= 0) return { marks: 'kernel' };
  const reason = `trusted.* attributes are refused (${errnoName(marked) ?? `errno ${marked}`})`;
  return { marks: 'oci', reason };
}
