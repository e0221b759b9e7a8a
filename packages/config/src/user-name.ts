import { userInfo } from 'node:os';

/** The account name by user id, as in the default paths; `unknown` for an id without an account (containers). `USER` is not asked. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
