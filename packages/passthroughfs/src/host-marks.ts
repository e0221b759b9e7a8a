import { join } from 'node:path';
import type { LayerMarks } from '@scorpiofs/fuse';
import { AT_FDCWD, errnoName, lsetxattr, mknodat, S, unlinkat } from '@scorpiofs/posix';

const NOT_WRITABLE: readonly string[] = ['EROFS', 'EACCES', 'ENOSPC'];

/** Tries it, with an entry that is gone afterwards: meant for a work directory, which nobody is shown. */
export function probeHostMarks(directory: string): LayerMarks {
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
