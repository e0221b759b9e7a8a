import { resolve } from 'node:path';
import { osReason } from '@scorpiofs/config';
import { flagValue, hasFlag, type Invocation } from '../command/invocation.js';
import type { CommandSpec } from '../command/spec.js';
import { CommandError, explain } from '../command-error.js';
import { doctorJson, doctorText, failures } from '../doctor/report.js';
import type { Checked } from '../doctor/run-checks.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** Mends what can be mended, and says so. True: something was tried. */
async function mend({ findings }: Checked, { output }: Invocation): Promise<boolean> {
  const mendable = findings.filter((f) => f.fix !== undefined);
  for (const { name, fix } of mendable) {
    try {
      output.err(`fixing ${name}: ${await fix?.()}\n`);
    } catch (error) {
      output.err(`cannot fix ${name}: ${explain(error).message}\n`);
    }
  }
  return mendable.length > 0;
}

async function bundle(path: string, checked: Checked, { env, output }: Invocation): Promise<void> {
  const { writeBundle } = await import('../doctor/bundle.js');
  try {
    await writeBundle(path, { ...checked, env });
  } catch (error) {
    const hint = 'Name a file that does not exist yet, in a directory that this user may write.';
    throw new CommandError('BUNDLE', `cannot write ${path}: ${osReason(error)}`, hint, EXIT.other);
  }
  output.err(`wrote ${resolve(path)}; read it before you send it to somebody\n`);
}

async function run(invocation: Invocation): Promise<ExitCode> {
  const { runChecks } = await import('../doctor/run-checks.js');
  const deep = hasFlag(invocation, '--deep');
  let checked = await runChecks(invocation, deep);
  // What a dead mount has hidden may need mending too.
  for (let round = 0; round < 2 && hasFlag(invocation, '--fix'); round++) {
    if (!(await mend(checked, invocation))) break;
    checked = await runChecks(invocation, deep);
  }
  const file = flagValue(invocation, '--bundle');
  if (file !== undefined) await bundle(file, checked, invocation);
  const { findings } = checked;
  invocation.output.out(
    hasFlag(invocation, '--json') ? doctorJson(findings) : doctorText(findings),
  );
  return failures(findings) === 0 ? EXIT.ok : EXIT.other;
}

export const DOCTOR_COMMAND: CommandSpec = {
  name: 'doctor',
  summary: 'Run environment diagnostics for FUSE and the server',
  details:
    'Checks what mounting needs and says what to do where something is missing. It works without a configuration file, and changes nothing unless --fix is given. ' +
    'Exit code 1 when a critical check failed; warnings do not change it.',
  flags: [
    { name: '--json', doc: 'Print the findings as JSON' },
    {
      name: '--deep',
      doc: 'Also mount something in a temporary directory, write, rename, read and unmount it',
    },
    { name: '--fix', doc: 'Detach mounts whose daemon has died, and make missing directories' },
    {
      name: '--bundle',
      value: 'FILE',
      notEmpty: true,
      complete: 'file',
      doc: 'Write a JSON file for a report: findings, configuration, versions, mounts, recent log, no secrets',
    },
  ],
  examples: [['scorpio doctor --deep --bundle report.json', 'for a report of a problem']],
  run,
};
