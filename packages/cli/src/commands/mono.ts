import type { CommandSpec } from '../command/spec.js';
import { checkRepo } from './repo-flag.js';

const checkImport = (text: string) =>
  /^\/[^=]+=.+$/.test(text)
    ? undefined
    : 'expected MONOREPO-PATH=REPOSITORY, as in /third-party/lib=../lib';
const checkToken = (text: string) => (/^[^:]+:.+$/.test(text) ? undefined : 'expected USER:TOKEN');

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
  run: async (invocation) => (await import('../daemon/run-mono.js')).runMono(invocation),
};
