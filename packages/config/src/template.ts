import { KEY_LIST } from './keys.js';

const ORDER = [
  'base_url',
  'lfs_url',
  'workspace',
  'store_path',
  'config_file',
  'git_author',
  'git_email',
  'log_level',
  'antares_upper_root',
  'antares_cl_root',
  'antares_mount_root',
  'antares_state_file',
];

/** The text that `config init` writes: the 12 keys one usually sets, flat, quoted, one per line, as scripts expect them. */
export function templateText(): string {
  const lines = ORDER.flatMap((key) => {
    const value = KEY_LIST.find((s) => s.key === key)?.template;
    return value === undefined ? [] : [`${key} = ${JSON.stringify(value)}`];
  });
  return [
    '# Every key can also be set by the variable SCORPIO_<KEY IN UPPER CASE>, as in SCORPIO_BASE_URL.',
    '# Precedence: command line, variable, section ([server], [dicfuse], [antares]), top level, default.',
    ...lines,
    '',
  ].join('\n');
}
