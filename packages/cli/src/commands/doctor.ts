import { hasFlag, type Invocation } from '../command/invocation.js';
import type { CommandSpec } from '../command/spec.js';
import { doctorJson, doctorText, failures } from '../doctor/report.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

async function run(invocation: Invocation): Promise<ExitCode> {
  const { runChecks } = await import('../doctor/run-checks.js');
  const findings = await runChecks(invocation);
  const json = hasFlag(invocation, '--json');
  invocation.output.out(json ? doctorJson(findings) : doctorText(findings));
  return failures(findings) === 0 ? EXIT.ok : EXIT.other;
}

export const DOCTOR_COMMAND: CommandSpec = {
  name: 'doctor',
  summary: 'Run environment diagnostics for FUSE and the server',
  details:
    'Checks what mounting needs and says what to do where something is missing. It works without a configuration file and changes nothing. ' +
    'Exit code 1 when a critical check failed; warnings do not change it.',
  flags: [{ name: '--json', doc: 'Print the findings as JSON' }],
  run,
};
