import type { Invocation } from '../command/invocation.js';
import type { CommandSpec, ProgramSpec } from '../command/spec.js';
import { bashScript } from '../completions/bash.js';
import { elvishScript } from '../completions/elvish.js';
import { fishScript } from '../completions/fish.js';
import { powershellScript } from '../completions/powershell.js';
import { zshScript } from '../completions/zsh.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

const SCRIPTS: ReadonlyMap<string, (program: ProgramSpec) => string> = new Map([
  ['bash', bashScript],
  ['elvish', elvishScript],
  ['fish', fishScript],
  ['powershell', powershellScript],
  ['zsh', zshScript],
]);

/** `completions SHELL`, for the program that contains it. */
export function completionsCommand(program: () => ProgramSpec): CommandSpec {
  return {
    name: 'completions',
    summary: 'Print a completion script for a shell',
    args: [
      { name: 'SHELL', choices: [...SCRIPTS.keys()], doc: 'bash, elvish, fish, powershell or zsh' },
    ],
    examples: [
      [
        'scorpio completions bash > /usr/share/bash-completion/completions/scorpio',
        'for all users',
      ],
      ['scorpio completions zsh > ~/.zfunc/_scorpio', 'with ~/.zfunc in fpath'],
    ],
    async run({ args, output }: Invocation): Promise<ExitCode> {
      const script = SCRIPTS.get(args[0] ?? '');
      output.out(script?.(program()) ?? '');
      return EXIT.ok;
    },
  };
}
