import type { MarkForm } from '@scorpiofs/overlayfs';
import { AT_FDCWD, errnoName, lsetxattr, mknodat, S, unlinkat } from '@scorpiofs/posix';
import { join } from 'node:path';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';

export interface UpperForm {
  readonly form: MarkForm;
  readonly xattrPrefix: string;
  /** Why it is not the kernel's form; undefined when it is. */
  readonly reason: string | undefined;
}

const bytes = (path: string): Buffer => Buffer.from(path, 'utf8');

/**
 * Tries in the work directory whether this process may write the kernel overlay's marks (character devices 0:0, `trusted.*`
 * attributes); else deletions are `.wh.` files and marks are `user.*` attributes (decision D5).
 */
export function probeUpperForm(work: string): UpperForm {
  const trial = join(work, `#form-${process.pid}`);
  const made = mknodat(AT_FDCWD, bytes(trial), S.IFCHR, 0);
  if (made < 0) {
    if (errnoName(made) === 'EROFS' || errnoName(made) === 'EACCES' || errnoName(made) === 'ENOSPC')
      throw new CommandError(
        'UPPER_NOT_WRITABLE',
        `error: nothing can be written in ${work}: ${errnoName(made)}`,
        'The upper and its work directory must be on a file system with room, mounted for writing.',
        EXIT.usage,
      );
    return unprivileged(`devices cannot be made there (${errnoName(made)})`);
  }
  const marked = lsetxattr(bytes(trial), bytes('trusted.overlay.opaque'), Buffer.from('y'), 0);
  unlinkat(AT_FDCWD, bytes(trial), 0);
  if (marked < 0) return unprivileged(`trusted.* attributes are refused (${errnoName(marked)})`);
  return { form: 'kernel', xattrPrefix: 'trusted.overlay.', reason: undefined };
}

function unprivileged(reason: string): UpperForm {
  return { form: 'oci', xattrPrefix: 'user.overlay.', reason };
}
