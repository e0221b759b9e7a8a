import { parse } from 'toml';
import { isAbsolute, normalize } from 'node:path';
import { AntaresError, messageOf } from '../error.js';
import type { UpperForm } from '../upper-form.js';
import type { JobRecord } from './record.js';

/** The newest form that this program understands. */
export const VERSION = 1;

/**
 * Reads the daemon's and the command line's records of 0.2.x, and ours (S-04): what has a `mount_id` is a daemon's. What does not parse, or
 * is from a newer version, is an error: nothing may be overwritten or pruned on its account (D14, W-28).
 */
export function readState(text: string, file: string): JobRecord[] {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw broken(file, messageOf(error), error);
  }
  if (!isTable(document)) throw broken(file, 'it is no table');
  const { version, mounts } = document;
  if (version !== undefined && (typeof version !== 'number' || version > VERSION))
    throw broken(file, `it has version ${JSON.stringify(version)}, this program knows ${VERSION}`);
  if (mounts === undefined) return [];
  if (!Array.isArray(mounts)) throw broken(file, '`mounts` is no list');
  return mounts.map((item: unknown, i) => {
    if (!isTable(item)) throw broken(file, `record ${i + 1} is no table`);
    return record(item, (what) => broken(file, `record ${i + 1}: ${what}`));
  });
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

function record(table: Table, wrong: (what: string) => Error): JobRecord {
  const text = (name: string): string | undefined => {
    const value = table[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw wrong(`${name} is no text`);
    return value;
  };
  const needed = (name: string): string => {
    const value = text(name);
    if (value === undefined) throw wrong(`${name} is missing`);
    return value;
  };
  const directory = (name: string, value: string): string => {
    if (!isAbsolute(value) || normalize(value) !== value)
      throw wrong(`${name} is no absolute path`);
    return value;
  };
  const number = (name: string): number | undefined => {
    const value = table[name];
    return typeof value === 'number' ? value : undefined;
  };
  // Records of the command line have no mount id; their upper's name is one.
  const mountId = text('mount_id') ?? needed('upper_id');
  if (!UUID.test(mountId)) throw wrong('its id is no UUID');
  const clDir = text('cl_dir');
  const pid = number('owner_pid');
  const start = text('owner_start');
  return {
    mountId,
    jobId: text('job_id'),
    path: text('path') ?? '/',
    cl: text('cl'),
    mountpoint: directory('mountpoint', needed('mountpoint')),
    upperDir: directory('upper_dir', needed('upper_dir')),
    clDir: clDir === undefined ? undefined : directory('cl_dir', clDir),
    createdMs: number('created_at_epoch_ms') ?? Date.now(),
    revision: text('revision'),
    clPath: text('cl_path'),
    form: formOf(text('upper_form'), wrong),
    uid: number('uid'),
    gid: number('gid'),
    locked: table['locked'] === true ? true : undefined,
    owner: pid === undefined || start === undefined ? undefined : { pid, start },
  };
}

function formOf(text: string | undefined, wrong: (what: string) => Error): UpperForm {
  if (text === undefined || text === 'kernel') return 'kernel';
  if (text === 'oci') return text;
  // Read as another form, deletions would be files.
  throw wrong(`upper_form ${JSON.stringify(text)} is not known`);
}

function broken(file: string, why: string, cause?: unknown): AntaresError {
  return new AntaresError(
    'STATE_FILE',
    `the state file ${file} cannot be used: ${why}`,
    'Nothing was changed. Mend it, or move it away to start without its jobs.',
    {},
    cause,
  );
}
