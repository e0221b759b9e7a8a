import { z } from 'zod';

const optional = z.string().nullish();
const userId = z.int().min(0).max(4_294_967_294).nullish();

/** Unknown members are ignored, null is absent for every optional one (H-05). */
export const createRequest = z
  .object({
    path: z.string(),
    job_id: optional,
    build_id: optional,
    cl: optional,
    cl_path: optional.describe("Directory that the change list's paths are relative to."),
    mountpoint: optional.describe('An empty directory of this host; only for callers on it.'),
    uid: userId.describe(
      'The user whose job it is; all in the view belongs to it. Needs a daemon of root.',
    ),
    gid: userId.describe('Its group. The number of `uid` without it.'),
  })
  .meta({ id: 'CreateMountRequest' });

const force = z.boolean().nullish().describe('Do not stop for processes inside.');

export const buildClRequest = z
  .object({ cl: z.string(), cl_path: optional, force })
  .meta({ id: 'BuildClRequest' });

export const refreshRequest = z
  .object({ revision: optional.describe('Commit id; the newest without it.'), force })
  .meta({ id: 'RefreshRequest' });

export const pruneRequest = z
  .object({
    older_than_ms: z
      .int()
      .min(0)
      .nullish()
      .describe('Since a directory was changed last, or its job ended; an hour without it.'),
    dry_run: z.boolean().nullish().describe('Only tells what would go.'),
  })
  .meta({ id: 'PruneRequest' });

export const pruned = z
  .object({
    dry_run: z.boolean(),
    directories: z.array(
      z.object({
        kind: z.enum(['mountpoint', 'cl', 'upper', 'work']),
        path: z.string(),
        changed_at_epoch_ms: z.int(),
      }),
    ),
  })
  .meta({ id: 'Pruned' });

export const errorBody = z
  .object({ error: z.string(), code: z.string() })
  .meta({ id: 'ErrorBody' });

export const lifecycle = z
  .union([
    z.enum(['Provisioning', 'Mounted', 'Ready', 'Quiescing', 'Unmounting', 'Unmounted']),
    z.object({ Failed: z.object({ reason: z.string() }) }),
  ])
  .meta({ id: 'MountLifecycle' });

export const mountCreated = z
  .object({ mount_id: z.uuid(), mountpoint: z.string() })
  .meta({ id: 'MountCreated' });

export const mountStatus = z
  .object({
    mount_id: z.uuid(),
    job_id: z.string().nullable(),
    path: z.string(),
    cl: z.string().nullable(),
    mountpoint: z.string(),
    layers: z.object({
      upper: z.string(),
      cl: z.string().nullable(),
      dicfuse: z.literal('shared'),
    }),
    state: lifecycle,
    created_at_epoch_ms: z.int(),
    last_seen_epoch_ms: z.int(),
    revision: z.string(),
    engine: z.enum(['kernel', 'userspace']),
    cl_skipped: z.int().optional(),
    locked: z.literal(true).optional(),
    uid: z.int().optional(),
    gid: z.int().optional(),
    restart: z.array(z.object({ pid: z.int(), name: z.string() })).optional(),
  })
  .meta({ id: 'MountStatus' });

export const mountCollection = z
  .object({ mounts: z.array(mountStatus) })
  .meta({ id: 'MountCollection' });

export const mountReady = z
  .object({ mount_id: z.uuid(), ready: z.boolean(), state: lifecycle })
  .meta({ id: 'MountReady' });

export const antaresHealth = z
  .object({
    status: z.enum(['healthy', 'degraded']),
    mount_count: z.int(),
    uptime_secs: z.int(),
  })
  .meta({ id: 'AntaresHealth' });

export const changeList = z
  .object({
    mount_id: z.uuid(),
    generation: z.int(),
    changes: z.array(
      z.object({
        kind: z.enum(['added', 'modified', 'deleted', 'renamed', 'metadata']),
        path: z.string(),
        path_b64: z.string().optional(),
        old_path: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Changes' });
