/** Why an overlay cannot be made, for people: `hint` says what to do next. */
export class OverlayError extends Error {
  override readonly name = 'OverlayError';

  constructor(
    readonly code:
      | 'OVERLAY_NO_LAYER'
      | 'OVERLAY_NO_WORK'
      | 'OVERLAY_SAME_LAYER'
      | 'OVERLAY_TOO_MANY'
      | 'OVERLAY_IN_USE'
      | 'OVERLAY_NOT_WRITABLE'
      | 'OVERLAY_WORK_ELSEWHERE',
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

export function noLayer(): OverlayError {
  return new OverlayError(
    'OVERLAY_NO_LAYER',
    'an overlay needs at least one layer',
    'name a lower directory, or an upper and a work directory',
  );
}

export function noWork(): OverlayError {
  return new OverlayError(
    'OVERLAY_NO_WORK',
    'an upper layer needs a work directory',
    'give an empty directory on the file system of the upper, outside it',
  );
}

export function sameLayer(): OverlayError {
  return new OverlayError(
    'OVERLAY_SAME_LAYER',
    'the upper directory is also a lower or the work directory',
    'give the upper, the work directory and each lower a directory of their own',
  );
}

export function tooManyLayers(limit: number): OverlayError {
  return new OverlayError(
    'OVERLAY_TOO_MANY',
    `an overlay has at most ${limit} layers`,
    'merge some of the lower directories',
  );
}

export function inUse(what: 'upper' | 'work directory', pid: number): OverlayError {
  const by = pid > 0 ? `another overlay (process ${pid})` : 'another overlay';
  return new OverlayError(
    'OVERLAY_IN_USE',
    `the ${what} is in use by ${by}`,
    'unmount that one first, or give an upper and a work directory of their own',
  );
}

export function notWritable(reason: string): OverlayError {
  return new OverlayError(
    'OVERLAY_NOT_WRITABLE',
    `nothing can be written in the work directory: ${reason}`,
    'the upper and its work directory must be on a file system with room, mounted for writing',
  );
}

export function workElsewhere(): OverlayError {
  return new OverlayError(
    'OVERLAY_WORK_ELSEWHERE',
    'the work directory is on another file system than the upper',
    'give a directory on the file system of the upper, outside it',
  );
}
