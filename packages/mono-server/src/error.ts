/** A failure for a person: what happened, to what (`message`), and what to do next (`hint`). */
export class MonoServerError extends Error {
  override readonly name = 'MonoServerError';

  constructor(
    readonly code: string,
    message: string,
    readonly hint: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

export function notARepository(path: string, detail: string): MonoServerError {
  return new MonoServerError(
    'MONO_NOT_A_REPOSITORY',
    `${path} is not a Git repository that can be served${detail === '' ? '' : `: ${detail}`}`,
    'Name the top of a Git working tree, a bare repository, or the URL of one.',
  );
}

export function noCommits(path: string): MonoServerError {
  return new MonoServerError(
    'MONO_NO_COMMITS',
    `${path} has no commit at HEAD`,
    'Commit something there first, check out a branch that has commits, or start an empty server.',
  );
}

export function sha256Repository(path: string): MonoServerError {
  return new MonoServerError(
    'MONO_SHA256',
    `${path} uses SHA-256 object ids, which the Mega protocol cannot carry`,
    'Serve a repository in the SHA-1 format (git clone into a new one converts nothing; export and import it).',
  );
}

export function gitMissing(cause: unknown): MonoServerError {
  return new MonoServerError(
    'MONO_NO_GIT',
    'the program git could not be started',
    'Install git 2.29 or newer and make sure that it is in PATH.',
    { cause },
  );
}

export function dataDirInUse(path: string, detail: string): MonoServerError {
  return new MonoServerError(
    'MONO_DATA_DIR',
    `the data directory ${path} cannot be used: ${detail}`,
    'Choose an empty or new directory, or the one an earlier mono server of the same repository used.',
  );
}

export function badOption(option: string, detail: string): MonoServerError {
  return new MonoServerError(
    'MONO_BAD_OPTION',
    `${option}: ${detail}`,
    'Correct the option and start again.',
  );
}

export function bindFailed(bind: string, cause: NodeJS.ErrnoException): MonoServerError {
  return new MonoServerError(
    'MONO_BIND',
    `cannot listen on ${bind}: ${cause.code ?? cause.message}`,
    cause.code === 'EADDRINUSE'
      ? 'Another program has this port. Choose another one, or port 0 for any free one.'
      : 'Choose an address of this machine and a port that you may use.',
    { cause },
  );
}

export function cloneFailed(url: string, detail: string): MonoServerError {
  return new MonoServerError(
    'MONO_CLONE',
    `git could not clone ${url}: ${detail}`,
    'Try `git ls-remote` with the same URL; check network, address and credentials.',
  );
}
