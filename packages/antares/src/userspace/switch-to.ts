import { type Entry, type Layer, type Name, type NodeId } from '@scorpiofs/fuse';
import type { Lower } from './lower.js';
import { isDirectory, unnamed, type Place } from './place.js';
import type { SwitchLayer } from './switch-layer.js';

const S_IFMT = 0o170000;
/** Milliseconds that a comparison may hold the event loop (D13). */
const SLICE_MS = 4;

/** What the new tree has in the place of what is known. */
interface Verdict {
  /** With a reference on each node of the new tree. */
  readonly kept: { readonly place: Place; readonly node: NodeId }[];
  readonly gone: { readonly parent: Place; readonly name: Name; readonly place: Place }[];
  /** Names that the kernel may know to be something else, or not to be. */
  readonly changed: Map<Place, Set<Name>>;
}

/**
 * Shows another tree below an upper, under running programs. Compared twice: first while all goes on, so that what must be fetched is there; then with
 * lookups held back, so that nothing is found in between in the old tree. A failure leaves the old one.
 */
export async function switchTo(layer: SwitchLayer, next: Lower): Promise<void> {
  giveBack(next, await compare(layer, next));
  let open = (): void => undefined;
  layer.gate = new Promise((resolve) => (open = resolve));
  try {
    await layer.drained();
    apply(layer, next, await compare(layer, next));
  } finally {
    layer.gate = undefined;
    open();
  }
}

async function compare(layer: SwitchLayer, next: Lower): Promise<Verdict> {
  const verdict: Verdict = { kept: [], gone: [], changed: new Map() };
  const breath = breather();
  try {
    const open: { place: Place; node: NodeId }[] = [{ place: layer.root, node: next.root }];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      const { place, node } = one;
      await breath();
      await compareNames(layer.current, next, place, node, verdict);
      for (const [name, kid] of place.kids) {
        const found = await find(next, node, name);
        if (found === undefined) verdict.gone.push({ parent: place, name, place: kid });
        else if (!isSame(kid, next, found)) {
          next.fs.forget?.(found.node, 1);
          verdict.gone.push({ parent: place, name, place: kid });
          note(verdict, place, name);
        } else {
          const kept = { place: kid, node: found.node };
          verdict.kept.push(kept);
          if (isDirectory(kid)) open.push(kept);
        }
      }
    }
    return verdict;
  } catch (error) {
    giveBack(next, verdict);
    throw error;
  }
}

/** Names that are in one tree only, or mean another kind of thing. */
async function compareNames(
  old: Lower,
  next: Lower,
  place: Place,
  node: NodeId,
  verdict: Verdict,
): Promise<void> {
  const before = await namesIn(old.fs, place.node);
  const after = await namesIn(next.fs, node);
  for (const [name, type] of before) {
    if (after.get(name) === type) continue;
    // Of a name that nobody has looked up, only the listing is known.
    note(verdict, place, place.kids.has(name) ? name : undefined);
  }
  for (const name of after.keys()) if (!before.has(name)) note(verdict, place, name);
}

function note({ changed }: Verdict, directory: Place, name: Name | undefined): void {
  let names = changed.get(directory);
  if (names === undefined) changed.set(directory, (names = new Set()));
  if (name !== undefined) names.add(name);
}

function isSame(place: Place, next: Lower, { attr }: Entry): boolean {
  if (isDirectory(place) && isDirectory(attr)) return true;
  if (attr.mode !== place.mode) return false;
  const number = next.number(attr.ino);
  return number === place.number && next.isOfBase(number);
}

/** In one turn of the event loop: no request sees half of it. */
function apply(layer: SwitchLayer, next: Lower, verdict: Verdict): void {
  const old = layer.current;
  for (const { parent, name, place } of verdict.gone) {
    if (parent.kids.get(name) === place) leave(layer, place);
  }
  for (const { place, node } of verdict.kept) {
    // Under two names: once is enough. Or it lost one of them, and keeps its old bytes.
    if (place.lower !== old || place.names.length === 0 || next.places.has(node)) {
      next.fs.forget?.(node, 1);
      continue;
    }
    old.places.delete(place.node);
    old.fs.forget?.(place.node, 1);
    place.lower = next;
    place.node = node;
    next.places.set(node, place);
  }
  layer.root.lower = next;
  layer.root.node = next.root;
  layer.current = next;
  old.replaced();
  for (const [directory, names] of verdict.changed) {
    if (names.size === 0) layer.changed(directory, undefined);
    for (const name of names) layer.changed(directory, name);
  }
}

/** No name leads to it any more. Whoever has a file open goes on reading it; a directory is empty from now on. */
function leave(layer: SwitchLayer, place: Place): void {
  if (!isDirectory(place)) layer.left.set(place, [...place.names]);
  unnamed(place);
  for (const kid of place.kids.values()) leave(layer, kid);
  const { lower } = place;
  if (isDirectory(place) && lower !== undefined) {
    place.lower = undefined;
    lower.places.delete(place.node);
    lower.fs.forget?.(place.node, 1);
  }
  layer.collect(place);
}

function giveBack(next: Lower, { kept }: Verdict): void {
  for (const { node } of kept) next.fs.forget?.(node, 1);
}

const NEVER = new AbortController().signal;
const OWN = { uid: 0, gid: 0, pid: process.pid, interrupted: false, signal: NEVER };

async function find(lower: Lower, directory: NodeId, name: Name): Promise<Entry | undefined> {
  const answer = await lower.fs.lookup?.(OWN, directory, name);
  return answer === undefined || answer.node === 0 ? undefined : (answer as Entry);
}

async function namesIn(fs: Layer, directory: NodeId): Promise<Map<Name, number>> {
  const names = new Map<Name, number>();
  let offset = 0;
  for (let before = -1; before !== offset;) {
    before = offset;
    await fs.readdir?.(OWN, directory, 0 as Parameters<NonNullable<Layer['readdir']>>[2], offset, {
      plus: false,
      add: (name, _ino, type, next) => {
        offset = next;
        if (name !== '.' && name !== '..') names.set(name, type & S_IFMT);
        return true;
      },
      addEntry: () => false,
    });
  }
  return names;
}

function breather(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SLICE_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
  };
}
