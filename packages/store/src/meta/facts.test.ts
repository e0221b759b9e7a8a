import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Store } from '../store.js';
import { Child } from '../testing/child.js';
import { Scratch } from '../testing/scratch.js';

const text = (value: Uint8Array | undefined): string | undefined =>
  value && Buffer.from(value).toString();

describe('facts', () => {
  test('can be read at once and after a restart; removed ones are gone', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    store.putFact('a', Buffer.from('1'));
    store.putFact('b', Buffer.from('2'));
    store.putFact('a', Buffer.from('3'));
    store.facts.remove('b');
    expect(text(store.fact('a'))).toBe('3');
    expect(store.fact('b')).toBeUndefined();
    await store.flushed();
    expect(text(store.fact('a'))).toBe('3');
    await store.close();
    const again = await scratch.store();
    expect(text(again.fact('a'))).toBe('3');
    expect(again.fact('b')).toBeUndefined();
  });

  test('a value handed out does not change with the next read', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    store.facts.putAll([
      ['a', Buffer.from('first')],
      ['b', Buffer.from('other')],
    ]);
    await store.flushed();
    const a = store.fact('a');
    expect(text(store.fact('b'))).toBe('other');
    expect(text(a)).toBe('first');
  });

  test('parts by prefix, entries in the order of their keys, on disk or on their way', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    const mine = store.facts.within('mine/');
    mine.put('b', Buffer.from('2'));
    mine.put('d', Buffer.from('4'));
    store.putFact('minf', Buffer.from('not mine'));
    await store.flushed();
    mine.put('c', Buffer.from('3'));
    mine.put('a', Buffer.from('1'));
    mine.remove('d');
    expect([...mine.entries()].map(([key, value]) => [key, text(value)])).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ]);
    expect([...mine.entries('b')].map(([key]) => key)).toEqual(['b']);
    expect(text(store.fact('mine/a'))).toBe('1');
  });

  test('change sees what was put just before, and its result stays the last', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    store.putFact('n', Buffer.from('1'));
    store.changeFact('n', (old) => Buffer.from(`${text(old)}2`));
    expect(text(store.fact('n'))).toBe('12');
    await store.flushed();
    expect(text(store.fact('n'))).toBe('12');
    await store.close();
    expect(text((await scratch.store()).fact('n'))).toBe('12');
  });

  test('change that throws changes nothing', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    store.changeFact('n', () => Buffer.from('1'));
    const boom = (): never => {
      throw new Error('boom');
    };
    expect(() => store.changeFact('n', boom)).toThrow('boom');
    expect(text(store.fact('n'))).toBe('1');
  });

  test('change is on disk when it returns: it survives SIGKILL in the next instruction', async () => {
    await using scratch = new Scratch();
    await using child = new Child(
      scratch.path,
      `store.changeFact('n', () => Buffer.from('7')); process.kill(process.pid, 'SIGKILL');`,
    );
    await child.ended();
    expect(text((await scratch.store()).fact('n'))).toBe('7');
  });

  test('numbers that two processes take at the same time are never the same', async () => {
    await using scratch = new Scratch();
    const code = `
      const numbers = [];
      for (let i = 0; i < 60; i++) {
        const first = store.facts.take('ids', 3);
        numbers.push(first, first + 1, first + 2);
        await new Promise(setImmediate);
      }
      say(JSON.stringify(numbers)); await store.close();`;
    await using a = new Child(scratch.path, code);
    await using b = new Child(scratch.path, code);
    await Promise.all([a.ended(), b.ended()]);
    const all = [a, b].flatMap((child) => JSON.parse(child.lines[0] ?? '[]') as number[]);
    expect(all).toHaveLength(360);
    expect(new Set(all).size).toBe(360);
    expect(Math.max(...all)).toBe(360);
  });

  test('later facts are never on disk without earlier ones, whenever the process is killed', async () => {
    await using scratch = new Scratch();
    await using child = new Child(
      scratch.path,
      `for (let i = 0; ; i++) {
        store.facts.putAll([['a' + i, Buffer.from('x')], ['b' + i, Buffer.from('x')]]);
        if (i % 50 === 0) { say('going'); await new Promise(setImmediate); }
      }`,
    );
    await child.said('going');
    {
      await using other = await Store.open(scratch.path);
      while ([...other.facts.entries('a')].length === 0) await turn();
    }
    await child.kill();
    const store = await scratch.store();
    const count = [...store.facts.entries('a')].length;
    expect(count).toBeGreaterThan(0);
    for (let i = 0; i < count; i++) {
      expect(store.fact(`a${i}`)).toBeDefined();
      expect(store.fact(`b${i}`)).toBeDefined();
    }
    expect([...store.facts.entries('b')]).toHaveLength(count);
  });

  test('a key that LMDB cannot hold is a RangeError, not a lost fact', async () => {
    await using scratch = new Scratch();
    const store = await scratch.store();
    const longest = 'k'.repeat(1978);
    store.putFact(longest, Buffer.from('1'));
    await store.flushed();
    expect(text(store.fact(longest))).toBe('1');
    expect(() => store.putFact(`${longest}k`, Buffer.from('1'))).toThrow(RangeError);
    expect(() => store.fact(`${longest}k`)).toThrow(RangeError);
  });
});
