import type { Entry, Maybe, Name, NodeId, Request } from '@scorpiofs/fuse';
import type { LayerAnswer } from './direct.js';
import type { LayerState } from './layers.js';
import { isOpaque, isPlain, OCI_PREFIX, ociWhiteout, redirectOf } from './marks.js';
import { isDirectory, isWhiteout } from './mode.js';
import type { LayerNode } from './node.js';
import { run, wait, type Op } from './run.js';
import { OWN_REQUEST, type OverlayState } from './state.js';

export interface Hit {
  readonly at: number;
  readonly entry: Entry;
}

export type Answer = Hit | 'whiteout' | undefined;

/** What the layers in `places` have under a name, topmost first. The references in `hits` are the caller's, also after a failure. */
export function* collectHits(
  state: OverlayState,
  req: Request,
  places: readonly LayerNode[],
  name: Name,
  hits: Hit[],
  begun?: Maybe<LayerAnswer>,
): Op<Name | undefined> {
  let redirect: Name | undefined;
  let wanted = name;
  let first = begun;
  for (const place of places) {
    const layer = state.layer(place.at);
    const asked = askSoon(layer, req, place.node, wanted, first);
    const answer = asked instanceof Promise ? yield* wait(asked) : asked;
    first = undefined;
    if (answer === 'whiteout') break;
    if (answer === undefined) continue;
    const directory = isDirectory(answer.entry.attr);
    if (hits.length > 0 && !directory) {
      layer.forget(answer.entry.node);
      break;
    }
    hits.push(answer);
    if (!directory) break;
    if (!layer.marked) continue;
    if (yield* isOpaque(layer, req, answer.entry.node)) break;
    const moved = yield* redirectOf(layer, req, answer.entry.node);
    if (moved === undefined) continue;
    if (layer === state.upper) redirect = moved;
    if (moved.startsWith('/')) {
      yield* absolute(state, req, place.at, moved, hits);
      break;
    }
    wanted = moved;
  }
  return redirect;
}

/** What the layers below the upper show in one of its directories. */
export interface Below {
  /** Nothing of them. */
  readonly opaque: boolean;
  /** Where in them its content is, if not at its own name. */
  readonly redirect: Name | undefined;
}

const OPAQUE: Below = { opaque: true, redirect: undefined };

/**
 * Collects what lies below a directory of the upper that is called `name` and is in a directory over `places`. `names`: of all its
 * attributes.
 */
export function* collectBelow(
  state: OverlayState,
  upper: LayerState,
  directory: NodeId,
  names: readonly Name[] | undefined,
  places: readonly LayerNode[],
  name: Name,
  hits: Hit[],
): Op<Below> {
  const plain = isPlain(upper, names);
  if (!plain && (yield* isOpaque(upper, OWN_REQUEST, directory))) return OPAQUE;
  const redirect = plain ? undefined : yield* redirectOf(upper, OWN_REQUEST, directory);
  const path = redirect ?? name;
  if (path.startsWith('/')) yield* absolute(state, OWN_REQUEST, upper.at, path, hits);
  else {
    yield* collectHits(state, OWN_REQUEST, places, path, hits);
    // A file below is hidden, and what is below that too.
    const [first] = hits;
    if (first !== undefined && !isDirectory(first.entry.attr)) {
      hits.pop();
      state.layer(first.at).forget(first.entry.node);
    }
  }
  return { opaque: false, redirect };
}

/** One layer's word on one name. A whiteout's reference is given back at once. */
export function* ask(
  layer: LayerState,
  req: Request,
  directory: NodeId,
  name: Name,
  begun?: Maybe<LayerAnswer>,
): Op<Answer> {
  return yield* wait(askSoon(layer, req, directory, name, begun));
}

/** The same, without a step where the layer answers at once. */
function askSoon(
  layer: LayerState,
  req: Request,
  directory: NodeId,
  name: Name,
  begun?: Maybe<LayerAnswer>,
): Maybe<Answer> {
  if (layer.form === 'oci') return run(askOci(layer, req, directory, name, begun));
  const entry = layer.look(req, directory, name, begun);
  return entry instanceof Promise
    ? entry.then((found) => answerOf(layer, found))
    : answerOf(layer, entry);
}

function* askOci(
  layer: LayerState,
  req: Request,
  directory: NodeId,
  name: Name,
  begun?: Maybe<LayerAnswer>,
): Op<Answer> {
  // These names are marks, never entries.
  if (name.startsWith(OCI_PREFIX)) return undefined;
  const entry = yield* layer.find(req, directory, name, begun);
  if (entry !== undefined) return answerOf(layer, entry);
  return (yield* layer.has(req, directory, ociWhiteout(name))) ? 'whiteout' : undefined;
}

function answerOf(layer: LayerState, entry: Entry | undefined): Answer {
  if (entry === undefined) return undefined;
  // Character devices 0:0 are whiteouts in both forms: uppers of either kind are read (D5).
  if (layer.marked && isWhiteout(entry.attr)) {
    layer.forget(entry.node);
    return 'whiteout';
  }
  return { at: layer.at, entry };
}

/** Follows an absolute redirect in every layer below `above`, each from its own root. */
function* absolute(
  state: OverlayState,
  req: Request,
  above: number,
  path: Name,
  hits: Hit[],
): Op<void> {
  let names: readonly Name[] = path.slice(1).split('/') as Name[];
  for (const layer of state.layers.slice(above + 1)) {
    const { answer, next, stop } = yield* walk(layer, req, names);
    names = next;
    if (answer === 'whiteout') return;
    if (answer !== undefined) {
      if (!isDirectory(answer.entry.attr)) {
        layer.forget(answer.entry.node);
        return;
      }
      hits.push(answer);
    }
    if (stop) return;
  }
}

/** What one layer has at a path, and where the layers below it are to be searched. */
export interface Step {
  readonly answer: Answer;
  /** A directory on the way was renamed in this layer: below, the path goes through its old name. */
  readonly next: readonly Name[];
  /** Nothing below shows through. */
  readonly stop: boolean;
}

export function* walk(layer: LayerState, req: Request, names: readonly Name[]): Op<Step> {
  let at: NodeId = layer.root;
  let answer: Answer;
  let next = names;
  let stop = false;
  try {
    for (const [i, name] of names.entries()) {
      answer = yield* ask(layer, req, at, name);
      layer.forget(at);
      at = layer.root;
      if (answer === undefined || answer === 'whiteout')
        return { answer, next, stop: stop || answer === 'whiteout' };
      const { node, attr } = answer.entry;
      at = node;
      const left = names.length - 1 - i;
      if (!isDirectory(attr)) {
        if (left > 0) layer.forget(at);
        return { answer: left > 0 ? 'whiteout' : answer, next, stop };
      }
      if (yield* isOpaque(layer, req, node)) stop = true;
      else {
        const moved = yield* redirectOf(layer, req, node);
        if (moved === undefined) continue;
        const rest = names.slice(i + 1);
        if (!moved.startsWith('/')) next = [...next.slice(0, -1 - left), moved, ...rest];
        else {
          next = [...(moved.slice(1).split('/') as Name[]), ...rest];
          // It was moved out of an opaque directory: what it shows is elsewhere (ovl_check_redirect).
          stop = false;
        }
      }
    }
  } catch (error) {
    layer.forget(at);
    throw error;
  }
  return { answer, next, stop };
}
