// One of several processes that work at the same time: node concurrent-worker.mjs ROOT WORK COUNT INDEX. Says that it stands ready,
// begins when told, sends the milliseconds it took.
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const [root, work, count, index] = process.argv.slice(2);
const PIECE = 4096;
const PIECES = (96 << 20) / PIECE;
const buffer = Buffer.alloc(PIECE, index);

/** Pieces of a file in an order that is each worker's own, the same in every run. */
function pieces(name, flags, use) {
  const fd = openSync(join(root, name), flags);
  return () => {
    let at = 48_271 * (Number(index) + 1);
    for (let i = 0; i < Number(count); i += 1) {
      at = (at * 16_807) % 2_147_483_647;
      if (use(fd, buffer, 0, PIECE, (at % PIECES) * PIECE) !== PIECE) throw new Error('too short');
    }
    closeSync(fd);
  };
}

function metadata() {
  const dir = join(root, `meta-${index}`);
  mkdirSync(dir, { recursive: true });
  return () => {
    for (let i = 0; i < Number(count); i += 1) {
      const file = join(dir, `f${i}`);
      closeSync(openSync(file, 'w'));
      if (statSync(file).size !== 0) throw new Error('not empty');
      rmSync(file);
    }
  };
}

const WORKS = {
  read: () => pieces('large', 'r', readSync),
  write: () => pieces('written', 'r+', writeSync),
  metadata,
  fill: () => () => void readFileSync(join(root, 'large')),
  // The sparse file that is written to.
  make: () => () => {
    const fd = openSync(join(root, 'written'), 'w');
    ftruncateSync(fd, PIECES * PIECE);
    closeSync(fd);
  },
};
const run = WORKS[work]();
process.once('message', () => {
  const start = performance.now();
  run();
  process.send(performance.now() - start);
  process.disconnect();
});
process.send('ready');
