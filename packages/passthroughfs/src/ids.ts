import { failure } from './fail.js';
import type { IdRange } from './options.js';

const OVERFLOW = 65534;

/** User or group ids as shown and as the host has them. */
export interface Ids {
  /** Shown for a host id. */
  show(host: number): number;
  /** What a caller's id is on the host, for files it makes. EOVERFLOW where it is nothing. */
  ofCaller(shown: number): number;
  /** What `chown` to a shown id does on the host; undefined: nothing. EINVAL where the id is nothing there. */
  forChange(shown: number): number | undefined;
}

const same: Ids = { show: (id) => id, ofCaller: (id) => id, forChange: (id) => id };

/** `squash` shows one id for all; callers then act as themselves on the host all the same. */
export function makeIds(squash: number | undefined, ranges: readonly IdRange[] | undefined): Ids {
  if (squash !== undefined) {
    return { show: () => squash, ofCaller: (id) => id, forChange: () => undefined };
  }
  return ranges === undefined ? same : mapped(ranges);
}

function mapped(ranges: readonly IdRange[]): Ids {
  const toHost = (shown: number): number | undefined => {
    const range = ranges.find((each) => shown >= each.shown && shown - each.shown < each.count);
    return range && range.host + shown - range.shown;
  };
  return {
    show: (host) => {
      const range = ranges.find((each) => host >= each.host && host - each.host < each.count);
      return range ? range.shown + host - range.host : OVERFLOW;
    },
    ofCaller: (shown) => {
      const host = toHost(shown);
      if (host === undefined) throw failure('EOVERFLOW');
      return host;
    },
    forChange: (shown) => {
      const host = toHost(shown);
      if (host === undefined) throw failure('EINVAL');
      return host;
    },
  };
}
