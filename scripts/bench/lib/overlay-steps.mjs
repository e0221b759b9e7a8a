import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const FIND = `run('find', root, '-printf', '%s')`;
const SMALL = `all((f) => fs.readFileSync(f))`;
const GREP = `run('sh', '-c', 'grep -r nothing "$0"/d* || true', root)`;
const CREATE = `for (let i = 0; i < 1000; i++) fs.closeSync(fs.openSync(root + '/n/' + i, 'w'))`;
const RENAME = `for (let i = 0; i < 1000; i++) fs.renameSync(root + '/n/' + i, root + '/n/r' + i)`;
const UNLINK = `for (let i = 0; i < 1000; i++) fs.unlinkSync(root + '/n/r' + i)`;
const UNTAR = `run('tar', '-C', root + '/n', '-xf', archives.tree)`;
const REMOVE = `run('rm', '-rf', root + '/n')`;
const UNTAR_SOURCE = `run('tar', '-C', root + '/s', '-xzf', archives.source)`;
const REMOVE_SOURCE = `run('rm', '-rf', root + '/s')`;
const STATUS = `run('git', '-C', root + '/repository', '-c', 'safe.directory=*', 'status')`;

/**
 * In order: later ones find what earlier ones left. "first" begins with the kernel's caches dropped. What is named warm was done
 * twice before: after the first time an overlay may have something left to ask (times of access, what a listing did not say);
 * for changes see `BEFORE`.
 */
export const STEPS = {
  'find, first': FIND,
  'find, second': FIND,
  'find, warm': FIND,
  'small files, first': SMALL,
  'small files, second': SMALL,
  'small files, warm': SMALL,
  'stat, warm': `all((f) => fs.statSync(f))`,
  'grep -r, first': GREP,
  'grep -r, second': GREP,
  'grep -r, warm': GREP,
  'read 96 MiB, first': `read()`,
  'read 96 MiB, warm': `read()`,
  '4,000 random reads of 4 KiB, first': `random()`,
  '4,000 random reads of 4 KiB, warm': `random()`,
  // Its index knows other inodes: the first one reads every file and writes the index anew.
  'git status, first': STATUS,
  'git status, second': STATUS,
  'git status, warm': STATUS,
  'C build': `run('make', '-s', '-j2', '-C', root + '/program')`,
  'copy-up of 96 MiB': `fs.appendFileSync(root + '/large', 'x')`,
  'write 64 MiB by 1 MiB': `write(1 << 20)`,
  'write 64 MiB by 4 KiB': `write(4096)`,
  'create 1,000': CREATE,
  'rename 1,000': RENAME,
  'unlink 1,000': UNLINK,
  'create 1,000 of 4 kB': `for (let i = 0; i < 1000; i++) fs.writeFileSync(root + '/n/' + i, page)`,
  'untar, small files': UNTAR,
  'rm -rf, small files': REMOVE,
  'untar, source.tar.gz': UNTAR_SOURCE,
  'rm -rf, source tree': REMOVE_SOURCE,
  'create 1,000, warm': CREATE,
  'rename 1,000, warm': RENAME,
  'unlink 1,000, warm': UNLINK,
  'untar, small files, warm': UNTAR,
  'rm -rf, small files, warm': REMOVE,
  'untar, source.tar.gz, warm': UNTAR_SOURCE,
  'rm -rf, source tree, warm': REMOVE_SOURCE,
};

const MAKE_DIRS = `for (const dir of ['/n', '/s']) fs.mkdirSync(root + dir, { recursive: true })`;

/** Done before a step's time begins: changes are warm in a daemon that has made some thousands. */
const BEFORE = {
  'create 1,000, warm': `for (let round = 0; round < 8; round++) { ${CREATE}; ${RENAME}; ${UNLINK}; }`,
  'untar, small files, warm': `for (let round = 0; round < 2; round++) { ${UNTAR}; ${REMOVE}; ${MAKE_DIRS}; }`,
};

/** Each step runs in a process of its own, which is killed should it hang; milliseconds. */
export function timeStep(root, step, { files, archives }) {
  if (step.endsWith('first')) writeFileSync('/proc/sys/vm/drop_caches', '3');
  const program = `
    const fs = require('fs'), { execFileSync } = require('child_process'), root = process.argv[1], archives = JSON.parse(process.argv[2]);
    const run = (...args) => execFileSync(args[0], args.slice(1), { stdio: 'ignore' });
    const all = (use) => { for (let i = 0; i < ${files}; i++) use(root + '/d' + (i % 60) + '/f' + i); };
    const read = () => { const fd = fs.openSync(root + '/large'), b = Buffer.alloc(1 << 20); while (fs.readSync(fd, b) > 0); fs.closeSync(fd); };
    const random = () => {
      const fd = fs.openSync(root + '/large'), b = Buffer.alloc(4096);
      for (let i = 0, at = 1; i < 4000; i++) { at = (at * 16807) % 2147483647; fs.readSync(fd, b, 0, 4096, (at % (96 * 256)) * 4096); }
      fs.closeSync(fd);
    };
    const write = (size) => { const fd = fs.openSync(root + '/w' + size, 'w'), b = Buffer.alloc(size); for (let i = 0; i < (64 << 20) / size; i++) fs.writeSync(fd, b); fs.closeSync(fd); };
    const page = Buffer.alloc(4096, 'scorpio');
    ${MAKE_DIRS};
    ${BEFORE[step] ?? ''};
    const start = process.hrtime.bigint();
    ${STEPS[step]};
    console.log(Number(process.hrtime.bigint() - start) / 1e6);`;
  const args = ['-s', 'KILL', '120', process.execPath, '-e', program, root];
  return Number(execFileSync('timeout', [...args, JSON.stringify(archives)], { cwd: '/' }));
}
