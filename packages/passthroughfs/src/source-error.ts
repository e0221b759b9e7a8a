import { errnoName } from '@scorpiofs/posix';

/** The source cannot be served, said to a person: what happened, and what to do. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  constructor(
    message: string,
    readonly code: 'SOURCE_MISSING' | 'SOURCE_NOT_A_DIRECTORY' | 'SOURCE_UNREADABLE',
    readonly hint: string,
  ) {
    super(message);
  }
}

export function cannotOpenSource(path: string, errno: number): SourceError {
  const name = errnoName(errno);
  if (name === 'ENOENT') {
    return new SourceError(
      `the source directory ${path} does not exist`,
      'SOURCE_MISSING',
      'create it, or name another directory',
    );
  }
  if (name === 'ENOTDIR') {
    return new SourceError(
      `the source ${path} is not a directory`,
      'SOURCE_NOT_A_DIRECTORY',
      'name the directory that holds it',
    );
  }
  return new SourceError(
    `the source directory ${path} cannot be opened: ${name}`,
    'SOURCE_UNREADABLE',
    name === 'ENOTCONN'
      ? 'it is a mount whose server has died: unmount it first'
      : 'check its permissions, and those of the directories above it',
  );
}
