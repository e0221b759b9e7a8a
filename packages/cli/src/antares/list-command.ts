import type { JobRecord } from '@scorpiofs/antares';
import { StateFile } from '@scorpiofs/antares/state';
import { hasFlag, type Invocation } from '../command/invocation.js';
import { withExit } from '../command-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { startLogging } from '../log/start-logging.js';
import { openConfig } from '../open-config.js';

function nameOf(record: JobRecord): string {
  return record.jobId ?? record.mountId;
}

/** What the state file has: with and without a daemon, of all daemons that share it (CLI-10). */
export async function runList(invocation: Invocation): Promise<ExitCode> {
  const { output } = invocation;
  const config = openConfig(invocation);
  await using _logging = startLogging(invocation, config);
  const file = new StateFile(config.values.antares_state_file);
  const found = await withExit(EXIT.usage, () => file.read());
  const records = found.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  if (hasFlag(invocation, '--json')) {
    const jobs = records.map((r) => ({
      mount_id: r.mountId,
      job_id: r.jobId ?? null,
      path: r.path,
      cl: r.cl ?? null,
      mountpoint: r.mountpoint,
      upper: r.upperDir,
      cl_dir: r.clDir ?? null,
    }));
    output.out(`${JSON.stringify(jobs, null, 2)}\n`);
  } else if (records.length === 0) output.out('no active jobs\n');
  else for (const record of records) output.out(line(record));
  return EXIT.ok;
}

function line(record: JobRecord): string {
  const { mountpoint, upperDir, clDir } = record;
  return `job_id=${nameOf(record)} mount=${mountpoint} upper=${upperDir} cl=${clDir ?? '(none)'}\n`;
}
