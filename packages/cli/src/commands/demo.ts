import { resolve } from 'node:path';
import { flagValue, hasFlag, type Invocation } from '../command/invocation.js';
import type { CommandSpec } from '../command/spec.js';
import { StopSignals } from '../daemon/stop-signals.js';
import type { ExitCode } from '../exit-codes.js';
import { checkRepo, isUrl } from './repo-flag.js';

async function run(invocation: Invocation): Promise<ExitCode> {
  using stop = new StopSignals(() => undefined);
  const repo = flagValue(invocation, '--repo') ?? '.';
  const json = hasFlag(invocation, '--json');
  const { demo } = await import('../demo/demo.js');
  // Awaited here: the handlers of signals stay until it has ended.
  return await demo({
    repo: isUrl(repo) ? repo : resolve(repo),
    program: process.argv[1] ?? '',
    env: { ...process.env },
    output: invocation.output,
    interactive: !json && invocation.output.interactive && process.stdin.isTTY,
    json,
    signal: stop.signal,
  });
}

export const DEMO_COMMAND: CommandSpec = {
  name: 'demo',
  summary: 'Mount a repository, walk it, and show what was downloaded and what was not',
  details:
    'Everything lies in a temporary directory and is taken away at the end. On a terminal the mount stays until Ctrl-C.',
  flags: [
    {
      name: '--repo',
      value: 'REPO',
      default: '.',
      check: checkRepo,
      complete: 'directory',
      doc: 'Git repository to show, path or URL',
    },
    { name: '--json', doc: 'Print what each step took and cost as JSON, at the end' },
  ],
  examples: [['scorpio demo --repo ~/src/linux', 'a large one']],
  run,
};
