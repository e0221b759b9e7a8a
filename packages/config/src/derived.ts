import { dirname, join } from 'node:path';
import type { ConfigValues } from './keys.js';

/** Places that follow from the keys (design §7). */
export interface Derived {
  /** Directory of the state file: sockets and the base mount are here. */
  readonly stateDirectory: string;
  /** The daemon's private mount of pinned revisions. */
  readonly baseMount: string;
  /** Parent of overlay work directories. */
  readonly workRoot: string;
  readonly scorpioSocket: string;
  readonly antaresSocket: string;
}

export function derive(values: ConfigValues): Derived {
  const stateDirectory = dirname(values.antares_state_file);
  return {
    stateDirectory,
    baseMount: join(stateDirectory, 'base'),
    workRoot: join(values.antares_upper_root, '.work'),
    scorpioSocket: values.http_socket ?? join(stateDirectory, 'scorpio.sock'),
    antaresSocket: join(stateDirectory, 'antares.sock'),
  };
}
