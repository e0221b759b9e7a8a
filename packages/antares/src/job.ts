import type { JobRecord } from './state/record.js';
import type { UpperForm } from './upper-form.js';

export type Lifecycle =
  | 'Provisioning'
  | 'Mounted'
  | 'Ready'
  | 'Quiescing'
  | 'Unmounting'
  | 'Unmounted'
  | { readonly Failed: { readonly reason: string } };

/** A view and what is known of it. `revision` is known once it was mounted. */
export interface Job extends Omit<JobRecord, 'owner'> {
  cl: string | undefined;
  clDir: string | undefined;
  clPath: string | undefined;
  /** Files of the change list that lie outside the view's path. */
  clSkipped: number | undefined;
  revision: string;
  locked?: boolean | undefined;
  form: UpperForm;
  state: Lifecycle;
  lastSeenMs: number;
  /** Changes with every remount. */
  generation: number;
  /** Whether its revision is held in the base. */
  held: boolean;
  /** Why what is mounted is dead. */
  lost?: string | undefined;
}

/** The answer about a mount (spec 1.4), in the order of the wire; what follows `last_seen_epoch_ms` is additive. */
export interface MountStatus {
  readonly mount_id: string;
  readonly job_id: string | null;
  readonly path: string;
  readonly cl: string | null;
  readonly mountpoint: string;
  readonly layers: {
    readonly upper: string;
    readonly cl: string | null;
    readonly dicfuse: 'shared';
  };
  readonly state: Lifecycle;
  readonly created_at_epoch_ms: number;
  readonly last_seen_epoch_ms: number;
  readonly revision: string;
  readonly engine: 'kernel' | 'userspace';
  readonly cl_skipped?: number;
  /** Whose it is, where that is not the daemon's user. */
  readonly uid?: number;
  readonly gid?: number;
  /** Present while nobody may end it. */
  readonly locked?: true;
}

export function statusOf(job: Job, engine: 'kernel' | 'userspace'): MountStatus {
  return {
    mount_id: job.mountId,
    job_id: job.jobId ?? null,
    path: job.path,
    cl: job.cl ?? null,
    mountpoint: job.mountpoint,
    layers: {
      upper: job.upperDir,
      cl: job.cl === undefined ? null : (job.clDir ?? null),
      dicfuse: 'shared',
    },
    state: job.state,
    created_at_epoch_ms: job.createdMs,
    last_seen_epoch_ms: job.lastSeenMs,
    revision: job.revision,
    engine,
    ...(job.clSkipped !== undefined && { cl_skipped: job.clSkipped }),
    ...(job.uid !== undefined && { uid: job.uid }),
    ...(job.gid !== undefined && { gid: job.gid }),
    ...(job.locked === true && { locked: true }),
  };
}

export function stateName(state: Lifecycle): string {
  return typeof state === 'string' ? state : 'Failed';
}

/** What the state file keeps of a job. */
export function recordOf(job: Job): Omit<JobRecord, 'owner'> {
  const { mountId, jobId, path, cl, mountpoint, upperDir, clDir, createdMs, revision, clPath } =
    job;
  const { form, uid, gid, locked } = job;
  return {
    mountId,
    jobId,
    path,
    cl,
    mountpoint,
    upperDir,
    clDir,
    createdMs,
    revision,
    clPath,
    form,
    uid,
    gid,
    locked,
  };
}
