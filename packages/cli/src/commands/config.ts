import { initConfigFile, showJson, showToml, validateConfig } from '@scorpiofs/config';
import { hasFlag, type Invocation } from '../command/invocation.js';
import type { CommandSpec } from '../command/spec.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { flagKeys, locateConfig, openConfig } from '../open-config.js';

async function init(invocation: Invocation): Promise<ExitCode> {
  const path = invocation.args[0] ?? 'scorpio.toml';
  try {
    initConfigFile(path, { force: hasFlag(invocation, '--force') });
  } catch (error) {
    // The line of 0.2.x as it is, without the prefix that failures of loading have.
    invocation.output.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.usage;
  }
  invocation.output.out(
    `wrote config template to ${path}\nset base_url and lfs_url in it, then run: scorpio --config-path ${path} doctor\n`,
  );
  return EXIT.ok;
}

/** What places and server say to a file that is right in itself. */
async function deepFindings(invocation: Invocation): Promise<{ name: string; detail: string }[]> {
  const { deepProblems } = await import('../doctor/deep-config.js');
  return (await deepProblems(openConfig(invocation))).map(({ name, detail }) => ({ name, detail }));
}

async function validate(invocation: Invocation): Promise<ExitCode> {
  const { env, output } = invocation;
  const { path } = locateConfig(invocation);
  const strict = hasFlag(invocation, '--strict');
  const found = validateConfig(path, { env, flags: flagKeys(invocation) }, { strict });
  const wanted = found.ok && hasFlag(invocation, '--deep');
  const deep = wanted ? await deepFindings(invocation) : [];
  const ok = found.ok && deep.length === 0;
  if (hasFlag(invocation, '--json')) {
    const { problems, warnings } = found;
    const said = { path, ok, problems, warnings, ...(wanted && { deep }) };
    output.out(`${JSON.stringify(said, null, 2)}\n`);
    return ok ? EXIT.ok : EXIT.usage;
  }
  output.err(found.stderr);
  if (deep.length > 0) {
    const lines = deep.map((f) => `  - ${f.name}: ${f.detail}\n`).join('');
    output.err(`${path}: ${deep.length} problem(s) found:\n${lines}`);
  } else output.out(found.stdout);
  return ok ? EXIT.ok : EXIT.usage;
}

async function show(invocation: Invocation): Promise<ExitCode> {
  const config = openConfig(invocation);
  const { startLogging } = await import('../log/start-logging.js');
  await using _logging = startLogging(invocation, config);
  const origin = hasFlag(invocation, '--origin');
  const json = hasFlag(invocation, '--json');
  invocation.output.out(json ? showJson(config, { origin }) : showToml(config, { origin }));
  return EXIT.ok;
}

export const CONFIG_COMMAND: CommandSpec = {
  name: 'config',
  summary: 'Inspect or validate configuration',
  details: 'Every key, its variable and what it does: docs/configuration.md.',
  examples: [['scorpio config init && scorpio config validate', 'a first file']],
  commands: [
    {
      name: 'init',
      summary: 'Write a configuration template to a file',
      args: [
        {
          name: 'PATH',
          optional: true,
          complete: 'file',
          doc: 'File to write [default: scorpio.toml]',
        },
      ],
      flags: [{ name: '--force', doc: 'Overwrite an existing file' }],
      examples: [['scorpio config init /etc/scorpio/scorpio.toml', 'where every command finds it']],
      run: init,
    },
    {
      name: 'validate',
      summary: 'Check the configuration and report every problem',
      details:
        'Checks file, environment and flags as a start would, and makes nothing on disk. Exit code 2 when there are problems.',
      flags: [
        { name: '--strict', doc: 'Count unknown keys and other warnings as problems' },
        { name: '--deep', doc: 'Also check that places can be written and the server answers' },
        { name: '--json', doc: 'Print problems and warnings as JSON' },
      ],
      examples: [['scorpio -c /etc/scorpio/scorpio.toml config validate --deep', 'before a start']],
      run: validate,
    },
    {
      name: 'show',
      summary: 'Print the resolved configuration as TOML',
      details:
        'The output can be used as a configuration file. Secrets and credentials in URLs are not printed.',
      flags: [
        { name: '--json', doc: 'Print JSON' },
        { name: '--origin', doc: 'Say where each value came from' },
      ],
      examples: [
        ['scorpio config show --origin', 'with the file, variable or flag of each value'],
        ['scorpio config show --json', 'for a program'],
      ],
      run: show,
    },
  ],
};
