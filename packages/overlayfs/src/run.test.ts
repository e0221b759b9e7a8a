import { describe, expect, test } from '@jest/globals';
import { run, wait } from './run.js';

describe('operations answer in the same turn unless a layer waits (D4)', () => {
  test('plain answers give a plain value', () => {
    expect(
      run(
        (function* () {
          return (yield* wait(1)) + (yield* wait(2));
        })(),
      ),
    ).toBe(3);
  });

  test('a promise anywhere gives a promise', async () => {
    const answer = run(
      (function* () {
        return (yield* wait(1)) + (yield* wait(Promise.resolve(2)));
      })(),
    );
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBe(3);
  });

  test('a rejected answer can be caught inside, and escapes otherwise', async () => {
    const failing = () => Promise.reject(new Error('no'));
    const caught = run(
      (function* () {
        try {
          yield* wait(failing());
        } catch {
          return 'caught';
        }
        return 'missed';
      })(),
    );
    expect(await caught).toBe('caught');
    await expect(
      run(
        (function* () {
          yield* wait(failing());
        })(),
      ),
    ).rejects.toThrow('no');
  });

  test('an operation that throws after waiting rejects with its own error', async () => {
    const answer = run(
      (function* () {
        yield* wait(Promise.resolve());
        throw new Error('own');
      })(),
    );
    await expect(answer).rejects.toThrow('own');
  });
});
