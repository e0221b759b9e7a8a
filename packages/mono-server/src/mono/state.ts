import { z } from 'zod';

const oid = z.string().regex(/^[0-9a-f]{40}$/);
const refs = z.record(z.string(), oid);

const clSchema = z.object({
  id: z.number(),
  link: z.string(),
  /** Directory as byte path. */
  dir: z.string(),
  title: z.string(),
  status: z.enum(['Open', 'Draft', 'Merged', 'Closed']),
  author: z.string(),
  base: oid,
  /** The change list's own commit, whose tree is the directory as proposed. */
  head: oid,
  /** What `refs/cl/<link>` names: the head, after a merge the merge commit. */
  ref: oid,
  opened: z.number(),
  merged: z.number().nullable(),
  closed: z.number().nullable(),
  updated: z.number(),
});

const importSchema = z.object({
  refs,
  defaultBranch: z.string(),
  /** Blob of the placeholder directory, which REST does not show. */
  keep: oid,
  /** Who pushed a commit; shown instead of its author. */
  pushers: z.record(z.string(), z.string()),
  /** When a tag came, RFC 3339. */
  tagTimes: z.record(z.string(), z.string()),
  /** For one that is borrowed from a repository of this machine: what its refs were then. */
  borrowed: z.string().nullable(),
});

const originSchema = z.object({
  kind: z.enum(['repository', 'empty']),
  /** Commit of the repository from which the root was made. */
  head: oid.nullable(),
  /** Root commit as made at the start, before anything was merged. */
  main: oid,
});

export const stateSchema = z.object({
  version: z.literal(1),
  origin: originSchema,
  /** Stored refs of monorepo directories, by byte path. The root's are always there. */
  rows: z.record(z.string(), refs),
  cls: z.record(z.string(), clSchema),
  imports: z.record(z.string(), importSchema),
  /** When a root tag was made, RFC 3339, by full name. */
  tagTimes: z.record(z.string(), z.string()),
});

export type ChangeList = z.infer<typeof clSchema>;
export type ImportRepository = z.infer<typeof importSchema>;
export type StateData = z.infer<typeof stateSchema>;

export const MAIN = 'refs/heads/main';

export const ZERO_OID = '0'.repeat(40);
