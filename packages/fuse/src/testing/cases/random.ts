import assert from 'node:assert/strict';
import { FALLOC, O, RENAME, S } from '@scorpiofs/posix';
import { FsError } from '../../fs-error.js';
import { pattern, withOpen, type Cases } from '../case.js';

/** A small generator with a seed: a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const LIMIT = 200_000;

/** Random operations against a plain array. */
export const randomOperations = {
  'random: contents like an array of bytes': {
    guards: 'fsx: write, read, truncate, holes and copies in any order agree with a model',
    async run({ fs }) {
      const next = random(20_240_607);
      let model: Buffer = Buffer.alloc(0);
      const extend = (size: number) => {
        if (size > model.length) model = Buffer.concat([model, Buffer.alloc(size - model.length)]);
      };
      await withOpen(fs.open('f', O.O_RDWR | O.O_CREAT), async (file) => {
        for (let step = 0; step < 400; step++) {
          const offset = next(LIMIT);
          const length = 1 + next(40_000);
          switch (next(6)) {
            case 0:
            case 1: {
              const bytes = pattern(length, step + 1);
              assert.equal(await file.write(bytes, offset), length);
              extend(offset + length);
              bytes.copy(model, offset);
              break;
            }
            case 2:
              await file.truncate(offset);
              extend(offset);
              model = Buffer.from(model.subarray(0, offset));
              break;
            case 3:
              await file.allocate(FALLOC.PUNCH_HOLE | FALLOC.KEEP_SIZE, offset, length);
              model.fill(
                0,
                Math.min(offset, model.length),
                Math.min(offset + length, model.length),
              );
              break;
            default: {
              const got = await file.read(length, offset);
              const wanted = model.subarray(offset, offset + length);
              assert.ok(got.equals(wanted), `step ${step}: ${length} bytes at ${offset}`);
            }
          }
        }
      });
      assert.ok((await fs.readFile('f')).equals(model));
    },
  },
  'random: names like a map': {
    guards: 'create, unlink and rename in any order agree with a model',
    async run({ fs }) {
      const next = random(7);
      const model = new Map<string, string>();
      const name = () => 'abcdef'.charAt(next(6));
      for (let step = 0; step < 300; step++) {
        const [a, b] = [name(), name()];
        const wasThere = model.get(a);
        switch (next(4)) {
          case 0:
            await fs.writeFile(a, `${step}`);
            model.set(a, `${step}`);
            break;
          case 1:
            await expectErrno(wasThere === undefined ? 2 : 0, fs.unlink(a));
            model.delete(a);
            break;
          case 2:
            await expectErrno(wasThere === undefined ? 2 : 0, fs.rename(a, b));
            if (wasThere === undefined) break;
            model.delete(a);
            model.set(b, wasThere);
            break;
          default: {
            const other = model.get(b);
            const both = wasThere !== undefined && other !== undefined;
            await expectErrno(both ? 0 : 2, fs.rename(a, b, RENAME.EXCHANGE));
            if (!both) break;
            model.set(a, other);
            model.set(b, wasThere);
          }
        }
      }
      assert.deepEqual(await fs.names('.'), [...model.keys()].sort());
      for (const [path, text] of model) assert.equal(await fs.text(path), text);
    },
  },
  'many: 200 files in 20 directories at once': {
    guards: 'operations that overlap do not disturb each other',
    async run({ fs }) {
      await Promise.all(
        Array.from({ length: 20 }, async (_d, d) => {
          await fs.mkdir(`d${d}`);
          await Promise.all(
            Array.from({ length: 10 }, (_f, f) => fs.writeFile(`d${d}/f${f}`, `${d}/${f}`)),
          );
        }),
      );
      for (let d = 0; d < 20; d++) {
        assert.equal((await fs.list(`d${d}`)).length, 10);
        assert.equal(await fs.text(`d${d}/f7`), `${d}/7`);
      }
    },
  },
  'many: one name made by many at once': {
    guards: 'open(2) O_EXCL, mkdir(2): exactly one succeeds',
    async run({ fs }) {
      const tries = Array.from({ length: 16 }, () => fs.mkdir('d'));
      const made = (await Promise.allSettled(tries)).filter((r) => r.status === 'fulfilled');
      assert.equal(made.length, 1);
      assert.equal((await fs.stat('d')).mode & S.IFMT, S.IFDIR);
    },
  },
} as const satisfies Cases;

async function expectErrno(wanted: number, work: Promise<void>): Promise<void> {
  const got = await work.then(
    () => 0,
    (error: unknown) => (error instanceof FsError ? error.errno : -1),
  );
  assert.equal(got, wanted);
}
