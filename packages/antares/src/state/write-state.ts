import type { JobRecord } from './record.js';
import { VERSION } from './read-state.js';

/** The records as TOML: members of 0.2.x in their order, then ours. */
export function stateText(records: readonly JobRecord[]): string {
  const head = `version = ${VERSION}\n`;
  if (records.length === 0) return `${head}mounts = []\n`;
  return head + records.map((record) => `\n[[mounts]]\n${table(record)}`).join('');
}

function table(r: JobRecord): string {
  const rows: [string, string | number | boolean | undefined][] = [
    ['mount_id', r.mountId],
    ['job_id', r.jobId],
    ['path', r.path],
    ['cl', r.cl],
    ['mountpoint', r.mountpoint],
    ['upper_dir', r.upperDir],
    ['cl_dir', r.clDir],
    ['created_at_epoch_ms', r.createdMs],
    ['revision', r.revision],
    ['cl_path', r.clPath],
    ['upper_form', r.form === 'kernel' ? undefined : r.form],
    ['uid', r.uid],
    ['gid', r.gid],
    ['locked', r.locked],
    ['owner_pid', r.owner?.pid],
    ['owner_start', r.owner?.start],
  ];
  return rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? quoted(value) : value}\n`)
    .join('');
}

/** A JSON text is a basic string of TOML, except for DEL. */
function quoted(value: string): string {
  return JSON.stringify(value).replaceAll('\x7f', '\\u007f');
}
