import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** In order: later ones find what earlier ones left. "first" begins with the kernel's caches dropped. */
export const STEPS = {
  'find, first': `run('find', root, '-printf', '%s')`,
  'find, warm': `run('find', root, '-printf', '%s')`,
  'small files, first': `all((f) => fs.readFileSync(f))`,
  'small files, second': `all((f) => fs.readFileSync(f))`,
  'small files, third': `all((f) => fs.readFileSync(f))`,
  'stat, warm': `all((f) => fs.statSync(f))`,
  'grep -r, warm': `run('sh', '-c', 'grep -r nothing "$0"/d* || true', root)`,
  'read 96 MiB, first': `read()`,
  'read 96 MiB, warm': `read()`,
  '4,000 random reads of 4 KiB, first': `random()`,
  '4,000 random reads of 4 KiB, warm': `random()`,
  'git status': `run('git', '-C', root + '/repository', '-c', 'safe.directory=*', 'status')`,
  'git status, again': `run('git', '-C', root + '/repository', '-c', 'safe.directory=*', 'status')`,
  'C build': `run('make', '-s', '-j2', '-C', root + '/program')`,
  'copy-up of 96 MiB': `fs.appendFileSync(root + '/large', 'x')`,
  'write 64 MiB by 1 MiB': `write(1 << 20)`,
  'write 64 MiB by 4 KiB': `write(4096)`,
  'create 1,000': `for (let i = 0; i < 1000; i++) fs.closeSync(fs.openSync(root + '/n/' + i, 'w'))`,
  'rename 1,000': `for (let i = 0; i < 1000; i++) fs.renameSync(root + '/n/' + i, root + '/n/r' + i)`,
  'unlink 1,000': `for (let i = 0; i < 1000; i++) fs.unlinkSync(root + '/n/r' + i)`,
  untar: `run('tar', '-C', root + '/n', '-xf', tar)`,
  'rm -rf': `run('rm', '-rf', root + '/n')`,
};

/** Each step runs in a process of its own, which is killed should it hang; milliseconds. */
export function timeStep(root, step, { files, tar }) {
  if (step.endsWith('first')) writeFileSync('/proc/sys/vm/drop_caches', '3');
  const program = `
    const fs = require('fs'), { execFileSync } = require('child_process'), [, root, tar] = process.argv;
    const run = (...args) => execFileSync(args[0], args.slice(1), { stdio: 'ignore' });
    const all = (use) => { for (let i = 0; i < ${files}; i++) use(root + '/d' + (i % 60) + '/f' + i); };
    const read = () => { const fd = fs.openSync(root + '/large'), b = Buffer.alloc(1 << 20); while (fs.readSync(fd, b) > 0); fs.closeSync(fd); };
    const random = () => {
      const fd = fs.openSync(root + '/large'), b = Buffer.alloc(4096);
      for (let i = 0, at = 1; i < 4000; i++) { at = (at * 16807) % 2147483647; fs.readSync(fd, b, 0, 4096, (at % (96 * 256)) * 4096); }
      fs.closeSync(fd);
    };
    const write = (size) => { const fd = fs.openSync(root + '/w' + size, 'w'), b = Buffer.alloc(size); for (let i = 0; i < (64 << 20) / size; i++) fs.writeSync(fd, b); fs.closeSync(fd); };
    fs.mkdirSync(root + '/n', { recursive: true });
    const start = process.hrtime.bigint();
    ${STEPS[step]};
    console.log(Number(process.hrtime.bigint() - start) / 1e6);`;
  const args = ['-s', 'KILL', '120', process.execPath, '-e', program, root, tar];
  return Number(execFileSync('timeout', args, { cwd: '/' }));
}
