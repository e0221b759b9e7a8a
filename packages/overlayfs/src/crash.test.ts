import { isDeepStrictEqual } from 'node:util';

import { describe, expect, test } from '@jest/globals';
import { MemoryFs } from '@scorpiofs/fuse';
import { DirectClient } from '@scorpiofs/fuse/testing';

import type { MarkForm } from './layers.js';
import { OverlayFs } from './overlay-fs.js';
import type { OverlayOptions } from './state.js';
import { FailingLayer } from './testing/failing-layer.js';
import { AS_ROOT, memoryUpper } from './testing/layers.js';
import { apply, snapshot, type RandomOp } from './testing/random-ops.js';

const BASE: readonly RandomOp[] = [
  { kind: 'mkdir', path: '/d' },
  { kind: 'mkdir', path: '/d/e' },
  { kind: 'write', path: '/d/e/deep', text: 'deep' },
  { kind: 'write', path: '/d/f', text: 'f' },
  { kind: 'chmod', path: '/d/f', value: 0o755 },
  { kind: 'setxattr', path: '/d/f', text: 'kept' },
  { kind: 'write', path: '/g', text: 'g' },
  { kind: 'mkdir', path: '/empty' },
  { kind: 'symlink', path: 'g', to: '/s' },
  { kind: 'write', path: '/one', text: 'linked' },
  { kind: 'link', path: '/one', to: '/d/two' },
  { kind: 'link', path: '/one', to: '/three' },
];

interface Step {
  readonly title: string;
  readonly before: readonly RandomOp[];
  readonly op: RandomOp;
  /** A name of a hard link goes that is only below: a kill may leave its count one too high, never too low. */
  readonly counted?: 'late';
}

const append = (path: string): RandomOp => ({ kind: 'append', path, text: '+' });
const rename = (path: string, to: string, flags = 0): RandomOp => ({
  kind: 'rename',
  path,
  to,
  flags,
});
const unlink = (path: string): RandomOp => ({ kind: 'unlink', path });
const rmdir = (path: string): RandomOp => ({ kind: 'rmdir', path });

const STEPS: readonly Step[] = [
  { title: 'copy-up by a write, parents first', before: [], op: append('/d/e/deep') },
  { title: 'copy-up by a chmod', before: [], op: { kind: 'chmod', path: '/d/f', value: 0o600 } },
  { title: 'unlink of a lower file', before: [], op: unlink('/d/f') },
  { title: 'unlink of a copied-up file', before: [append('/d/f')], op: unlink('/d/f') },
  { title: 'rename of a lower file', before: [], op: rename('/d/f', '/new') },
  { title: 'rename over a lower file', before: [], op: rename('/d/f', '/g') },
  { title: 'rename over a whiteout', before: [unlink('/g')], op: rename('/d/f', '/g') },
  { title: 'rename of a lower directory', before: [], op: rename('/d', '/new') },
  { title: 'rename of a lower directory into another', before: [], op: rename('/d', '/empty/d') },
  { title: 'rename of a directory over an empty one', before: [], op: rename('/d', '/empty') },
  { title: 'exchange of file and directory', before: [], op: rename('/d', '/g', 2) },
  { title: 'rmdir of a lower directory', before: [], op: rmdir('/empty') },
  {
    title: 'rmdir of a merged directory with whiteouts',
    before: [unlink('/d/e/deep')],
    op: rmdir('/d/e'),
  },
  {
    title: 'mkdir over a whiteout',
    before: [unlink('/d/e/deep'), rmdir('/d/e')],
    op: { kind: 'mkdir', path: '/d/e' },
  },
  {
    title: 'symlink over a whiteout',
    before: [unlink('/g')],
    op: { kind: 'symlink', path: 'x', to: '/g' },
  },
  { title: 'copy-up of a file with other names', before: [], op: append('/one') },
  { title: 'a change by another of its names', before: [append('/one')], op: append('/d/two') },
  {
    title: 'a further name of it',
    before: [append('/one')],
    op: { kind: 'link', path: '/d/two', to: '/four' },
  },
  { title: 'unlink of the name it has in the upper', before: [append('/one')], op: unlink('/one') },
  {
    title: 'unlink of its last name',
    before: [append('/one'), unlink('/d/two'), unlink('/three')],
    op: unlink('/one'),
  },
  {
    title: 'unlink of a name it has only below',
    before: [append('/one')],
    op: unlink('/three'),
    counted: 'late',
  },
  {
    title: 'rename of a name it has only below',
    before: [append('/one')],
    op: rename('/three', '/x'),
    counted: 'late',
  },
  {
    title: 'rename over a name it has only below',
    before: [append('/one')],
    op: rename('/g', '/three'),
    counted: 'late',
  },
  {
    title: 'unlink of its last name, which is only below',
    before: [append('/one'), unlink('/d/two'), unlink('/one')],
    op: unlink('/three'),
  },
  {
    title: 'unlink of one name of a lower file',
    before: [],
    op: unlink('/three'),
    counted: 'late',
  },
  {
    title: 'unlink of the last name of a lower file',
    before: [unlink('/three'), unlink('/one')],
    op: unlink('/d/two'),
  },
  { title: 'link of a lower file', before: [], op: { kind: 'link', path: '/g', to: '/d/g2' } },
];

type Data = NonNullable<OverlayOptions['data']>;

async function prepared(step: Step, form: MarkForm, data: Data) {
  const [base, memory] = [new MemoryFs(), new MemoryFs({ rootMode: 0o777 })];
  for (const op of BASE) expect(await apply(base, op)).toBe(0);
  const failing = new FailingLayer(memory);
  const upper = { ...memoryUpper(memory), form, layer: failing.layer };
  const open = () =>
    new OverlayFs({
      upper: { ...memoryUpper(memory), form },
      lowers: [{ layer: base, form: 'none' }],
      data,
    });
  const overlay = new OverlayFs({ upper, lowers: [{ layer: base, form: 'none' }], data });
  for (const op of step.before) expect(await apply(overlay, op)).toBe(0);
  return { overlay, failing, open, base };
}

/** With link counts that are one higher than wanted put right, and no others. */
function lessOne(seen: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(seen).map(([at, what]) => {
      const less = what.replace(/(?<=^\S+ \S* )\d+(?= )/, (count) => String(Number(count) - 1));
      return [at, less === wanted[at] ? less : what];
    }),
  );
}

describe.each([
  ['kernel', 'by-node'],
  ['oci', 'by-node'],
  ['kernel', 'passthrough'],
] as const)('crash matrix, %s form, data %s (W-65, D9)', (form, data) => {
  test.each(STEPS)('$title: killed at any change, old or new is there', async (step) => {
    const whole = await prepared(step, form, data);
    const before = await snapshot(whole.overlay);
    whole.failing.dieAt(Infinity);
    expect(await apply(whole.overlay, step.op)).toBe(0);
    const changes = whole.failing.changes;
    const after = await snapshot(whole.overlay);
    const base = await snapshot(whole.base);
    expect(after).not.toEqual(before);
    expect(changes).toBeGreaterThan(0);
    let old = 0;
    for (let n = 1; n <= changes; n++) {
      const { overlay, failing, open, base: lower } = await prepared(step, form, data);
      failing.dieAt(n);
      await apply(overlay, step.op);
      expect(failing.dead).toBe(true);
      const next = open();
      const late = step.counted === 'late';
      const seen = await snapshot(next);
      if (isDeepStrictEqual(late ? lessOne(seen, before) : seen, before)) {
        old++;
        // And it can be done now, whatever is left in the work directory.
        expect([n, await apply(next, step.op)]).toEqual([n, 0]);
      } else expect([n, late ? lessOne(seen, after) : seen]).toEqual([n, after]);
      const end = await snapshot(next);
      expect(late ? lessOne(end, after) : end).toEqual(after);
      expect(await snapshot(lower)).toEqual(base);
      next.destroy();
    }
    expect(old).toBeGreaterThan(0);
  });
});

test('ENOSPC at copy-up: the lower file stays visible, nothing half-copied (issue 4 item 3)', async () => {
  const base = new MemoryFs();
  await new DirectClient(base, AS_ROOT).writeFile('/big', Buffer.alloc(1 << 20, 'x'));
  const memory = new MemoryFs({ capacity: 1 << 19 });
  const upper = memoryUpper(memory);
  const overlay = new OverlayFs({ upper, lowers: [{ layer: base }] });
  const client = new DirectClient(overlay, AS_ROOT);
  const free = memory.use().pages;
  await expect(client.appendFile('/big', 'y')).rejects.toMatchObject({ errno: 28 });
  expect((await client.readFile('/big')).length).toBe(1 << 20);
  expect(memory.use().pages).toBe(free);
  expect(await new DirectClient(memory, AS_ROOT).names('/up')).toEqual([]);
  expect(await new DirectClient(memory, AS_ROOT).names('/aside')).toEqual([]);
});
