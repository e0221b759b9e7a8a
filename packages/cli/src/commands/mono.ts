import { resolve } from 'node:path';
import { errorCode } from '@scorpiofs/config';
import { startMonoServer, type MonoServerOptions } from '@scorpiofs/mono-server';
import { flagValue, hasFlag, type Invocation } from '../command/invocation.js';
import type { CommandSpec } from '../command/spec.js';
import { CommandError, explain } from '../command-error.js';
import { StopSignals } from '../daemon/stop-signals.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Fields } from '../log/log-line.js';
import { startLogging } from '../log/start-logging.js';
import { openConfig } from '../open-config.js';
import { checkRepo } from './serve.js';

/** `NAME=VALUE`, both not empty; a value may contain the separator, a name may not. */
function pairs(values: readonly string[], separator: string): Record<string, string> {
  return Object.fromEntries(
    values.map((text) => {
      const at = text.indexOf(separator);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

const checkImport = (text: string) =>
  /^\/[^=]+=.+$/.test(text)
    ? undefined
    : 'expected MONOREPO-PATH=REPOSITORY, as in /third-party/lib=../lib';
const checkToken = (text: string) => (/^[^:]+:.+$/.test(text) ? undefined : 'expected USER:TOKEN');

function optionsOf(invocation: Invocation): MonoServerOptions {
  const repo = flagValue(invocation, '--repo');
  const empty = hasFlag(invocation, '--empty');
  if ((repo === undefined) === !empty)
    throw new CommandError(
      'USAGE',
      'error: exactly one of --repo and --empty is needed',
      'Serve a repository with --repo PATH, or begin with none with --empty.',
      EXIT.usage,
    );
  const data = flagValue(invocation, '--data');
  const tokens = pairs(invocation.flags.get('--token') ?? [], ':');
  return {
    ...(repo !== undefined && { repo }),
    ...(empty && { empty }),
    ...(data !== undefined && { dataDir: resolve(data) }),
    bind: flagValue(invocation, '--bind') ?? '127.0.0.1:8000',
    imports: pairs(invocation.flags.get('--import') ?? [], '='),
    // The server looks users up by token.
    tokens: Object.fromEntries(Object.entries(tokens).map(([user, token]) => [token, user])),
  };
}

const EXITS: Readonly<Record<string, ExitCode>> = {
  MONO_BIND: EXIT.bind,
  MONO_BAD_OPTION: EXIT.usage,
  MONO_NOT_A_REPOSITORY: EXIT.usage,
  MONO_NO_COMMITS: EXIT.usage,
  MONO_SHA256: EXIT.usage,
};

async function run(invocation: Invocation): Promise<ExitCode> {
  using stop = new StopSignals(() => undefined);
  const options = optionsOf(invocation);
  await using logging = startLogging(invocation, openConfig(invocation, { fileOptional: true }));
  const log = logging.for('scorpiofs::mono_server');
  let server;
  try {
    server = await startMonoServer({
      ...options,
      onEvent: ({ level, event, ...fields }) => log[level](event, fields as Fields),
    });
  } catch (error) {
    const said = explain(error);
    const code = errorCode(error) ?? '';
    throw new CommandError(
      code,
      `error: ${said.message}`,
      said.hint ?? '',
      EXITS[code] ?? EXIT.other,
      error,
    );
  }
  try {
    invocation.output.out(`mono server running on ${server.url}\n`);
    await stop.wanted();
    return EXIT.ok;
  } finally {
    await server.close();
  }
}

export const MONO_COMMAND: CommandSpec = {
  name: 'mono',
  summary: 'Run a Mega-compatible server over a Git repository',
  details:
    'Serves the commit at HEAD of a repository, which is only read. Pushes, change lists and LFS objects go to --data, or to a temporary directory that is removed at the end.',
  flags: [
    {
      name: '--repo',
      value: 'REPO',
      check: checkRepo,
      complete: 'directory',
      doc: 'Git repository to serve, path or URL',
    },
    { name: '--empty', doc: 'Begin with an empty monorepo and its usual root directories' },
    {
      name: '--import',
      value: 'PATH=REPO',
      repeatable: true,
      check: checkImport,
      doc: 'Import repository at a path below /third-party',
    },
    {
      name: '--token',
      value: 'USER:TOKEN',
      repeatable: true,
      check: checkToken,
      doc: 'User who may push with this token',
    },
    {
      name: '--data',
      value: 'DIR',
      complete: 'directory',
      doc: 'Where what is written is kept [default: temporary]',
    },
    {
      name: '--bind',
      value: 'HOST:PORT',
      default: '127.0.0.1:8000',
      doc: 'Address to listen on; port 0 takes a free one',
    },
  ],
  examples: [['scorpio mono --repo . --bind 127.0.0.1:8000', 'then: scorpio serve']],
  run,
};
