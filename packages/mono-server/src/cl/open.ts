import { randomInt } from 'node:crypto';
import type { Monorepo } from '../mono/monorepo.js';
import type { ChangeList } from '../mono/state.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function freshLink(mono: Monorepo): string {
  for (;;) {
    const link = Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
    if (mono.state.cls[link] === undefined) return link;
  }
}

export interface Opening {
  readonly dir: string;
  readonly author: string;
  readonly title: string;
  readonly base: string;
  readonly head: string;
  /** Whether an open change list of the same author and directory is updated instead (M45). */
  readonly reuse: boolean;
  readonly keepTitle: boolean;
}

/** Makes a change list, or gives an open one new content. Within `change` only. */
export function openChangeList(mono: Monorepo, opening: Opening): ChangeList {
  const { dir, author, title, base, head } = opening;
  const now = Math.floor(Date.now() / 1000);
  const present = opening.reuse
    ? Object.values(mono.state.cls).find(
        (cl) => cl.dir === dir && cl.author === author && cl.status === 'Open',
      )
    : undefined;
  if (present !== undefined) {
    Object.assign(present, { base, head, ref: head, updated: now });
    if (!opening.keepTitle) present.title = title;
    return present;
  }
  const link = freshLink(mono);
  const ids = Object.values(mono.state.cls).map((cl) => cl.id);
  const cl: ChangeList = {
    id: Math.max(0, ...ids) + 1,
    link,
    dir,
    title,
    status: 'Open',
    author,
    base,
    head,
    ref: head,
    opened: now,
    merged: null,
    closed: null,
    updated: now,
  };
  mono.state.cls[link] = cl;
  return cl;
}
