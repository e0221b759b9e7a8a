import { resolve } from 'node:path';
import { errorCode } from '@scorpiofs/config';
import { startMonoServer, type MonoServerOptions } from '@scorpiofs/mono-server';
import { flagValue, hasFlag, type Invocation } from '../command/invocation.js';
import { CommandError, explain } from '../command-error.js';
import { StopSignals } from './stop-signals.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Fields } from '../log/log-line.js';
import { startLogging } from '../log/start-logging.js';
import { openConfig } from '../open-config.js';

/** `NAME=VALUE`, both not empty; a value may contain the separator, a name may not. */
function pairs(values: readonly string[], separator: string): Record<string, string> {
  return Object.fromEntries(
    values.map((text) => {
      const at = text.indexOf(separator);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

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

/** Runs the server until a signal ends it. Throws `CommandError`. */
export async function runMono(invocation: Invocation): Promise<ExitCode> {
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
