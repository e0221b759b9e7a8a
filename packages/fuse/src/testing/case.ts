import assert from 'node:assert/strict';
import { errno, errnoName, type ErrnoName } from '@scorpiofs/posix';
import { FsError } from '../fs-error.js';
import type { Client } from './client.js';

/** What a case gets. */
export interface CaseContext {
  /** Paths start in an empty directory of the case's own, mode 0777. Root's rights. */
  readonly fs: Client;
  /** The mount's real path of a path, for programs; only in the `mounted` form. */
  readonly host: (path: string) => string;
  /** The case's own directory from the file system's root, for absolute symlinks; only in the `direct` form. */
  readonly base: string;
}

/** One promise of a file system. */
export interface Case {
  /** What is promised, and by which page. */
  readonly guards: string;
  /** Where it means something. Default: both. */
  readonly only?: 'direct' | 'mounted';
  run(t: CaseContext): Promise<void>;
}

export type Cases = Readonly<Record<string, Case>>;

/** The work must fail with that errno. */
export async function fails(name: ErrnoName | readonly ErrnoName[], work: Promise<unknown>) {
  const wanted = typeof name === 'string' ? [name] : name;
  let outcome = 'succeeded';
  try {
    await work;
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    if (wanted.some((each) => errno[each] === error.errno)) return;
    outcome = `failed with ${errnoName(error.errno)}`;
  }
  assert.fail(`should have failed with ${wanted.join(' or ')}, but ${outcome}`);
}

/** Runs work with an open file or directory and closes it. */
export async function withOpen<T extends { close(): Promise<void> }, R>(
  opened: Promise<T>,
  work: (it: T) => Promise<R>,
): Promise<R> {
  const it = await opened;
  try {
    return await work(it);
  } finally {
    await it.close();
  }
}

/** Long enough for a time stamp to change (ext4's clock ticks every 4 ms). */
export async function tick(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 12));
}

/** Bytes that differ from place to place. */
export function pattern(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** Somebody without rights. */
export const USER = { uid: 1234, gid: 2345 };
export const OTHER = { uid: 3456, gid: 4567 };
