import { KEY_LIST, parseAddress, type ConfigKey } from '@scorpiofs/config';
import type { FlagSpec } from './command/spec.js';

const checkAddress = (text: string) =>
  parseAddress(text) === undefined ? 'invalid socket address syntax' : undefined;

export const CONFIG_PATH: FlagSpec = {
  name: '--config-path',
  short: '-c',
  value: 'CONFIG_PATH',
  default: 'scorpio.toml',
  complete: 'file',
  doc: 'Configuration file; without it SCORPIO_CONFIG, ./scorpio.toml, beside the program, /etc/scorpio/scorpio.toml',
};

/** Flags that set keys of the configuration, above every other source. */
export const PATH_FLAGS: readonly FlagSpec[] = [
  {
    name: '--upper-root',
    value: 'UPPER_ROOT',
    notEmpty: true,
    complete: 'directory',
    doc: 'Parent of what jobs write (antares_upper_root)',
  },
  {
    name: '--cl-root',
    value: 'CL_ROOT',
    notEmpty: true,
    complete: 'directory',
    doc: 'Parent of change lists (antares_cl_root)',
  },
  {
    name: '--mount-root',
    value: 'MOUNT_ROOT',
    notEmpty: true,
    complete: 'directory',
    doc: 'Parent of mount points of jobs (antares_mount_root)',
  },
  {
    name: '--state-file',
    value: 'STATE_FILE',
    notEmpty: true,
    complete: 'file',
    doc: 'Records of jobs (antares_state_file)',
  },
];

export const LOG_FORMAT: FlagSpec = {
  name: '--log-format',
  value: 'FORMAT',
  choices: ['text', 'json'],
  default: 'text',
  doc: 'One line of text per event, or one JSON object',
};

export const SCORPIO_GLOBALS: readonly FlagSpec[] = [
  CONFIG_PATH,
  {
    name: '--http-addr',
    value: 'HTTP_ADDR',
    default: '0.0.0.0:2725',
    check: checkAddress,
    doc: 'Address of the HTTP server of `serve`, as IP:PORT; port 0 takes a free one',
  },
  {
    name: '--log-level',
    value: 'LOG_LEVEL',
    complete: ['error', 'warn', 'info', 'debug', 'trace', 'off'],
    doc: 'Log filter: a level, or target=level, several with commas between',
  },
  LOG_FORMAT,
  ...PATH_FLAGS,
];

const { short: _short, ...WITHOUT_SHORT } = CONFIG_PATH;

/** The alias has no short form, no log flags, and takes these before the subcommand only (spec §2.4). */
export const ANTARES_GLOBALS: readonly FlagSpec[] = [WITHOUT_SHORT, ...PATH_FLAGS];

/** Which key a flag sets. */
export function keyOfFlag(name: string): ConfigKey | undefined {
  return KEY_LIST.find((s) => s.flag === name)?.key;
}
