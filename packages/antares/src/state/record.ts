import type { Owner } from '../owner.js';
import type { UpperForm } from '../upper-form.js';

/** What the state file keeps of a job. The members of 0.2.x first, by their names there. */
export interface JobRecord {
  readonly mountId: string;
  readonly jobId: string | undefined;
  readonly path: string;
  readonly cl: string | undefined;
  readonly mountpoint: string;
  readonly upperDir: string;
  readonly clDir: string | undefined;
  readonly createdMs: number;
  /** Commit of the base. Absent in old records: then the newest. */
  readonly revision: string | undefined;
  readonly clPath: string | undefined;
  /** How the upper is written. Absent in old records: as the kernel does. */
  readonly form: UpperForm;
  /** Whose job it is. Absent: the daemon's. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Nobody may end it (WT5). */
  readonly locked?: boolean | undefined;
  readonly owner: Owner | undefined;
}
