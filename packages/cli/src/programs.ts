import {
  ANTARES_SERVE_COMMAND,
  httpMountCommand,
  LIST_COMMAND,
  MOUNT_COMMAND,
  PRUNE_COMMAND,
  UMOUNT_COMMAND,
} from './antares/commands.js';
import type { ProgramSpec } from './command/spec.js';
import { completionsCommand } from './commands/completions.js';
import { CONFIG_COMMAND } from './commands/config.js';
import { DEMO_COMMAND } from './commands/demo.js';
import { DOCTOR_COMMAND } from './commands/doctor.js';
import { MONO_COMMAND } from './commands/mono.js';
import { OVERLAY_COMMAND } from './commands/overlay.js';
import { PASSTHROUGH_COMMAND } from './commands/passthrough.js';
import { SERVE_COMMAND } from './commands/serve.js';
import { ANTARES_GLOBALS, SCORPIO_GLOBALS } from './global-flags.js';
import { packageVersion } from './version.js';

const ABOUT = 'FUSE-based virtual filesystem with Antares overlay for monorepo builds';

/** The command line of `scorpio`. */
export function scorpioProgram(): ProgramSpec {
  const program: ProgramSpec = {
    name: 'scorpio',
    version: packageVersion(),
    summary: ABOUT,
    globals: SCORPIO_GLOBALS,
    globalsAnywhere: true,
    examples: [
      ['scorpio demo', 'this repository, mounted and looked at'],
      ['scorpio config init', 'then set base_url in scorpio.toml'],
      ['scorpio serve', 'the monorepo at workspace, the API at http_addr'],
      ['scorpio doctor', 'what is missing, and what to do'],
    ],
    commands: [
      SERVE_COMMAND,
      MOUNT_COMMAND,
      UMOUNT_COMMAND,
      LIST_COMMAND,
      PRUNE_COMMAND,
      httpMountCommand('http://127.0.0.1:2725/antares'),
      MONO_COMMAND,
      OVERLAY_COMMAND,
      PASSTHROUGH_COMMAND,
      DEMO_COMMAND,
      CONFIG_COMMAND,
      DOCTOR_COMMAND,
      completionsCommand(() => program),
    ],
    // Deprecated shorthand for `serve`; the note does not depend on the log level (CLI-05).
    run: async (invocation) =>
      (await import('./daemon/run-serve.js')).runServe(invocation, (output) =>
        output.err(
          'note: running `scorpio` without a subcommand is deprecated; use `scorpio serve`\n',
        ),
      ),
  };
  return program;
}

/** The command line of `antares`, the deprecated alias. */
export function antaresProgram(): ProgramSpec {
  return {
    name: 'antares',
    version: packageVersion(),
    summary: ABOUT,
    note: 'note: `antares` is deprecated; prefer `scorpio <subcommand>`',
    globals: ANTARES_GLOBALS,
    globalsAnywhere: false,
    examples: [['scorpio mount nightly-7', 'instead of antares mount nightly-7']],
    commands: [
      ANTARES_SERVE_COMMAND,
      MOUNT_COMMAND,
      UMOUNT_COMMAND,
      LIST_COMMAND,
      PRUNE_COMMAND,
      httpMountCommand('http://127.0.0.1:2726'),
    ],
  };
}
