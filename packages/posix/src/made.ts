import { errnoName } from './errno.js';

/** For tests: the structured result of a call that must have succeeded. */
export function made<T>(value: T): Exclude<T, number> {
  if (typeof value === 'number') throw new Error(errnoName(value));
  return value as Exclude<T, number>;
}
