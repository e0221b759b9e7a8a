import {
  commandsOn,
  flagsAt,
  type CommandSpec,
  type Completion,
  type FlagSpec,
  type ProgramSpec,
} from '../command/spec.js';

/** What a shell may offer at one point of a command line. */
export interface Level {
  /** Command words up to here: `config init`. Empty for the program. */
  readonly path: readonly string[];
  readonly words: readonly { readonly word: string; readonly doc: string }[];
  readonly flags: readonly FlagSpec[];
  /** What the first positional is completed with. */
  readonly positional: Completion | undefined;
}

const HELP_DOC = 'Print help of the given subcommand';

function helpLevels(program: ProgramSpec, path: readonly string[]): Level[] {
  const commands = commandsOn(program, path).at(-1)?.commands ?? [];
  const words = commands.map((c) => ({ word: c.name, doc: c.summary }));
  const top: Level = {
    path: [...path, 'help'],
    words: [...words, { word: 'help', doc: HELP_DOC }],
    flags: [],
    positional: undefined,
  };
  const below = commands
    .filter((c) => c.commands !== undefined)
    .map((c) => ({
      path: [...path, 'help', c.name],
      words: (c.commands ?? []).map((s) => ({ word: s.name, doc: s.summary })),
      flags: [],
      positional: undefined,
    }));
  return [top, ...(path.length === 0 ? below : [])];
}

/** Every level of a program, the program's own first. */
export function levels(program: ProgramSpec): Level[] {
  const found: Level[] = [];
  const visit = (command: CommandSpec, path: readonly string[]): void => {
    const arg = command.args?.[0];
    const words = (command.commands ?? []).map((c) => ({ word: c.name, doc: c.summary }));
    if (command.commands !== undefined) words.push({ word: 'help', doc: HELP_DOC });
    found.push({
      path,
      words,
      flags: flagsAt(program, path),
      positional: arg?.choices ?? arg?.complete,
    });
    for (const sub of command.commands ?? []) visit(sub, [...path, sub.name]);
    if (command.commands !== undefined) found.push(...helpLevels(program, path));
  };
  visit(program, []);
  return found;
}

/** Names under which a flag can be typed, the short one first. */
export function namesOf(flag: FlagSpec): string[] {
  return flag.short === undefined ? [flag.name] : [flag.short, flag.name];
}

/** What the value of a flag is completed with. */
export function completionOf(flag: FlagSpec): Completion | undefined {
  return flag.choices ?? flag.complete;
}
