import type { MarkForm } from '@scorpiofs/overlayfs';
import { probeHostMarks } from '@scorpiofs/passthroughfs';
import { CommandError } from '../command-error.js';
import { EXIT } from '../exit-codes.js';

export interface UpperForm {
  readonly form: MarkForm;
  readonly xattrPrefix: string;
  /** Why it is not the kernel's form; undefined when it is. */
  readonly reason: string | undefined;
}

/** In which form this process may keep an upper's marks, tried in its work directory. */
export function probeUpperForm(work: string): UpperForm {
  const found = probeHostMarks(work);
  switch (found.marks) {
    case 'kernel':
      return { form: 'kernel', xattrPrefix: 'trusted.overlay.', reason: undefined };
    case 'oci':
      return { form: 'oci', xattrPrefix: 'user.overlay.', reason: found.reason };
    case 'none':
      throw new CommandError(
        'UPPER_NOT_WRITABLE',
        `error: nothing can be written in ${work}: ${found.reason}`,
        'The upper and its work directory must be on a file system with room, mounted for writing.',
        EXIT.usage,
      );
  }
}
