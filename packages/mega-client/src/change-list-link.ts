import { MegaClientError } from './base-url.js';

/** Checks a change list's link before it becomes part of an address or a ref's name (mega: 1.10: `K7Q2ZP9A`). */
export function checkLink(link: string): string {
  if (/^[A-Za-z0-9]{1,32}$/.test(link)) return link;
  throw new MegaClientError(
    'MEGA_CL_LINK',
    `${JSON.stringify(link.slice(0, 80))} is no link of a change list`,
    'a link is 8 upper-case letters and digits, as in the address of its page: K7Q2ZP9A',
  );
}
