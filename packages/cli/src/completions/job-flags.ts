import type { ProgramSpec } from '../command/spec.js';
import { namesOf } from './tree.js';

const DECIDING = ['--config-path', '--state-file'];

export interface JobFlags {
  /** Every name, each of which takes a value. */
  readonly names: readonly string[];
  /** What a word with name and value in one begins with: `--config-path=`. A short name has its value right behind it too. */
  readonly glued: readonly string[];
  readonly short: readonly string[];
}

/** Flags that decide which jobs there are: typed on the line that is being completed, they are handed to `list`. */
export function jobFlags(program: ProgramSpec): JobFlags {
  const names = program.globals.filter((f) => DECIDING.includes(f.name)).flatMap(namesOf);
  return {
    names,
    glued: names.filter((n) => n.startsWith('--')).map((n) => `${n}=`),
    short: names.filter((n) => !n.startsWith('--')),
  };
}
