/** Variables of the caller that could send git elsewhere, or make it run a program of somebody's choice. */
const UNWANTED = /^GIT_/;

/** Configuration that holds for every git process, whatever a repository says. */
const CONFIG: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  // Only objects and refs are read; a repository of another owner is as good as ours.
  ['safe.directory', '*'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['protocol.ext.allow', 'never'],
  ['uploadpack.packObjectsHook', ''],
  // Reading a whole directory from deep delta chains is four times faster than with git's 96 MB.
  ['core.deltaBaseCacheLimit', '384m'],
];

function scrubbed(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [key, value] of Object.entries(process.env)) if (!UNWANTED.test(key)) env[key] = value;
  env['LC_ALL'] = 'C';
  env['GIT_TERMINAL_PROMPT'] = '0';
  env['GIT_OPTIONAL_LOCKS'] = '0';
  env['GIT_NO_REPLACE_OBJECTS'] = '1';
  env['GIT_CONFIG_COUNT'] = String(CONFIG.length);
  CONFIG.forEach(([key, value], i) => {
    env[`GIT_CONFIG_KEY_${i}`] = key;
    env[`GIT_CONFIG_VALUE_${i}`] = value;
  });
  return env;
}

/** For work on local objects: no configuration but the repository's own and ours. */
export function localGitEnv(): NodeJS.ProcessEnv {
  return { ...scrubbed(), GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' };
}

/** For talking to a remote: the user's proxies, credential helpers and ssh settings apply. */
export function remoteGitEnv(): NodeJS.ProcessEnv {
  return scrubbed();
}
