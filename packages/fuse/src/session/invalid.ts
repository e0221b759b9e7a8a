import { FsError } from '../fs-error.js';

const EINVAL = FsError.of(22, 'malformed request');

/** Answer to a request whose lengths contradict each other: never from Linux, so nothing is guessed. */
export function invalid(): never {
  throw EINVAL;
}
