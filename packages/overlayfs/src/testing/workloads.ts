/** For tests: what people run in a working copy. The base is made once; the work prints what must be equal everywhere. */
export interface Workload {
  readonly title: string;
  /** Programs without which it is left out, and Debian's packages that have them. */
  readonly needs: readonly string[];
  /** Makes the base, in an empty directory. */
  readonly base?: string;
  readonly work: string;
  /** Somebody reads a file of the base while others begin to write it. */
  readonly readsWhileCopied?: boolean;
}

/** What every script starts with: nothing of the user's settings, and `tree` prints a directory with its contents. */
export const PRELUDE = `
set -e
export LC_ALL=C TZ=UTC HOME="$PWD" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
export GIT_AUTHOR_DATE='2001-02-03T04:05:06Z' GIT_COMMITTER_DATE='2001-02-03T04:05:06Z'
umask 022
tree() {
  (cd "$1" && find . -type d -printf '%P %y %m\\n' -o -printf '%P %y %m %n %s %l\\n' | sort
   find . -type f -exec sha1sum {} + | sort)
}
four() { for who in 1 2 3 4; do "$@" "$who" & pids="$pids $!"; done; for p in $pids; do wait "$p"; done; }
`;

const SHARED_C = `
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* shared MODE FILE COUNT: adds to the number at the start of a file, by a shared mapping or under a record lock. */
int main(int argc, char **argv) {
  int fd = open(argv[2], O_RDWR), n = atoi(argv[3]);
  if (fd < 0 || argc != 4) return 2;
  if (strcmp(argv[1], "map") == 0) {
    int *at = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return 3;
    for (int i = 0; i < n; i++) __atomic_add_fetch(at, 1, __ATOMIC_SEQ_CST);
    return msync(at, 4096, MS_SYNC) || munmap(at, 4096);
  }
  int open_file = strcmp(argv[1], "ofd") == 0;
  for (int i = 0; i < n; i++) {
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 4};
    int value = 0;
    if (fcntl(fd, open_file ? F_OFD_SETLKW : F_SETLKW, &lock)) return 4;
    if (pread(fd, &value, 4, 0) != 4) return 5;
    value++;
    if (pwrite(fd, &value, 4, 0) != 4) return 6;
    lock.l_type = F_UNLCK;
    if (fcntl(fd, open_file ? F_OFD_SETLK : F_SETLK, &lock)) return 7;
  }
  return 0;
}
`;

const SHARED_BASE = `
cat > shared.c <<'END'
#define _GNU_SOURCE
${SHARED_C}
END
gcc -O1 -o shared shared.c
head -c 8192 /dev/zero > number`;

const PROJECT = `
mkdir -p src
for i in 1 2 3 4 5 6; do
  printf '#include "all.h"\\nint f%d(void) { return %d + BASE; }\\n' $i $i > src/f$i.c
  echo "int f$i(void);" >> src/all.h
done
echo '#define BASE 10' >> src/all.h
cat > src/main.c <<'END'
#include <stdio.h>
#include "all.h"
int main(void) { printf("%d\\n", f1() + f2() + f3() + f4() + f5() + f6()); return 0; }
END
cat > Makefile <<'END'
OBJECTS = $(patsubst src/%.c,out/%.o,$(wildcard src/*.c))
program: $(OBJECTS)
	@echo link; $(CC) -o $@ $(sort $(OBJECTS))
out/%.o: src/%.c src/all.h | out
	@echo compile $<; $(CC) -O0 -c -o $@ $<
out:
	mkdir out
END
touch -d '2001-02-03' src/*
`;

export const WORKLOADS: readonly Workload[] = [
  {
    title: 'git: clone, commit, status, checkout, merge, gc',
    needs: ['git'],
    base: `
git init -q -b main origin && cd origin
for i in $(seq 40); do mkdir -p d$((i % 7)); seq $i $((i * 20)) > d$((i % 7))/f$i; done
git add . && git commit -qm base && git branch side`,
    work: `
git -c safe.directory='*' clone -q "file://$PWD/origin" copy
cd copy
for i in $(seq 12); do echo "line $i" >> d1/f1; git mv d2/f2 d3/f2.$i 2>/dev/null || true; git commit -qam "c$i"; done
git checkout -q -b topic origin/side && seq 5 > d4/new && git add . && git commit -qm topic
git checkout -q main && git merge -q topic -m merge && rm d5/f5 && chmod +x d6/f6
git status --porcelain; git stash -q; git status --porcelain; git stash pop -q
git add -A && git commit -qm last && git -c gc.auto=0 gc -q --prune=now && git fsck --strict
git log --format='%H %s' | cat; git ls-files -s | sha1sum
cd ../origin && echo more >> d0/f7 && git -c safe.directory='*' commit -qam more && git -c safe.directory='*' log --format=%H | cat
cd .. && rm -rf copy/.git origin/.git && tree .`,
  },
  ...(['DELETE', 'WAL'] as const).map((mode): Workload => ({
    title: `SQLite, ${mode} mode, two processes`,
    needs: ['sqlite3'],
    base: `sqlite3 db 'PRAGMA journal_mode=${mode}; CREATE TABLE t (who, n); CREATE INDEX i ON t (n);' >/dev/null
for i in $(seq 200); do echo "INSERT INTO t VALUES ('base', $i);"; done | (echo 'BEGIN;'; cat; echo 'COMMIT;') | sqlite3 db`,
    work: `
add() { for i in $(seq 40); do echo "INSERT INTO t VALUES ('$1', $i);"; done | sqlite3 -cmd '.timeout 120000' db; }
add a & one=$!; add b & two=$!; wait $one; wait $two
sqlite3 db 'PRAGMA journal_mode; PRAGMA integrity_check; SELECT who, count(*), sum(n) FROM t GROUP BY who;'
sqlite3 db 'DELETE FROM t WHERE n > 20; VACUUM; PRAGMA integrity_check; SELECT count(*) FROM t;'
ls`,
  })),
  {
    title: 'make: what the base has built is built again where it changed',
    needs: ['make', 'gcc'],
    base: `${PROJECT}\nmake >/dev/null && touch -d '2002-02-03' out/* program`,
    work: `
make; ./program
echo 'int f3(void) { return 300; }' > src/f3.c; make; ./program
sed -i 's/BASE 10/BASE 100/' src/all.h; make -j4 | sort; ./program; make
rm -r out; make -j4 | sort; ./program; tree src`,
  },
  {
    title: 'pnpm install of an offline workspace',
    needs: ['pnpm', 'tar'],
    base: `
mkdir -p package ws/packages/one ws/packages/two
echo '{"name":"dep","version":"1.0.0","main":"i.js"}' > package/package.json
echo 'module.exports = "dep";' > package/i.js
tar -czf dep.tgz package
cd ws
printf 'packages:\\n  - packages/*\\n' > pnpm-workspace.yaml
echo '{"name":"ws","private":true}' > package.json
echo '{"name":"one","version":"1.0.0","dependencies":{"dep":"file:../../../dep.tgz"}}' > packages/one/package.json
echo '{"name":"two","version":"1.0.0","dependencies":{"one":"workspace:*","dep":"file:../../../dep.tgz"}}' > packages/two/package.json
echo 'console.log(require("dep"));' > packages/one/index.js`,
    work: `
cd ws
$PNPM install --offline --silent --store-dir ../store --package-import-method hardlink
[ "$(stat -c %h packages/one/node_modules/dep/i.js)" -gt 1 ] && echo linked
node -e 'require("./packages/two/node_modules/one")'
rm -rf packages/two/node_modules
$PNPM install --offline --silent --frozen-lockfile --store-dir ../store
cat pnpm-lock.yaml; find . -type l -printf '%P %l\\n' | sort; find . -name i.js | sort`,
  },
  {
    title: 'tsc -b of two projects, and again',
    needs: ['node'],
    base: `
for p in one two; do mkdir -p $p; done
echo '{"compilerOptions":{"composite":true,"outDir":"out","rootDir":".","types":[]},"files":["a.ts"]}' > one/tsconfig.json
echo '{"compilerOptions":{"composite":true,"outDir":"out","rootDir":".","types":[]},"files":["b.ts"],"references":[{"path":"../one"}]}' > two/tsconfig.json
echo 'export const a: number = 1;' > one/a.ts
echo 'import { a } from "../one/out/a.js"; export const b: number = a + 1;' > two/b.ts
$TSC -b two`,
    work: `
$TSC -b two --verbose | grep -c 'up to date'
echo 'export const a: number = 5; export const c = "c";' > one/a.ts
$TSC -b two && tree .
echo 'export const a: string = "x";' > one/a.ts
$TSC -b two || echo refused`,
  },
  {
    title: 'tar there and back, cp -a, rm -r',
    needs: ['tar'],
    base: `
mkdir -p t/a/b t/empty && seq 2000 > t/a/f && ln t/a/f t/a/b/hard && ln -s ../f t/a/b/soft && mkfifo t/p
chmod 750 t/a && chmod 4711 t/a/f && touch -d '2001-02-03 04:05:06.789' t/a/f t/a`,
    work: `
tar -cf all.tar t && mkdir out && tar -xpf all.tar -C out && tree out
echo more >> t/a/f; cat t/a/b/hard | sha1sum; tree t
cp -a t copy && tree copy && find copy t out -type f -printf '%p %TY-%Tm-%Td\\n' | grep 2001 | sort
rm -r t/a && mkdir t/a && tar -xpf all.tar && tree t && rm -r t out copy && ls`,
  },
  {
    title: 'rsync there and back',
    needs: ['rsync'],
    base: `mkdir -p from/a/b to/old && for i in $(seq 30); do seq $i > from/a/f$i; done && ln from/a/f1 from/a/b/h && seq 9 > to/old/x`,
    work: `
rsync -aH --delete from/ to/ && tree to
echo new >> from/a/f3; rm from/a/f4; mv from/a/f5 from/a/b/; chmod 600 from/a/f6
rsync -aHi --delete from/ to/ | sort && tree to
rsync -aHi --delete --inplace to/ from/ | sort; tree from`,
  },
  {
    title: 'shared mappings of four processes',
    needs: ['gcc'],
    base: SHARED_BASE,
    work: `add() { ./shared map number 5000; }
four add; od -An -tu4 -N4 number; cp number copy; od -An -tu4 -N4 copy`,
  },
  {
    title: 'record locks of four processes (fcntl, of the process and of the open file)',
    needs: ['gcc'],
    base: SHARED_BASE,
    work: `add() { ./shared fcntl number 100; }
ofd() { ./shared ofd number 100; }
four add; pids=; four ofd; od -An -tu4 -N4 number`,
  },
  {
    title: 'flock of four processes',
    needs: ['flock'],
    base: `echo 0 > number; : > lock`,
    work: `add() { for i in $(seq 20); do flock lock sh -c 'n=$(cat number); echo $((n + 1)) > number'; done; }
four add; cat number; flock -n lock sh -c 'flock -n lock true || echo excluded'`,
  },
  {
    title: 'how editors save',
    needs: [],
    base: `seq 100 > text; chmod 640 text; ln text other; ln -s text link`,
    work: `
for i in $(seq 10); do
  (cat text; echo "line $i") > .text.swp; sync .text.swp; chmod --reference=text .text.swp; mv .text.swp text
done
cp -p text text~ && (sed s/1/one/ text~ > text) && rm text~
mv other other~ && sed s/2/two/ other~ > other && stat -c '%h %a' other~ other && rm other~
sed -i s/3/three/ text; tree .; cat link | sha1sum`,
  },
  {
    title: 'an append-only log of four processes, read meanwhile',
    readsWhileCopied: true,
    needs: [],
    base: `echo start > log`,
    work: `
(tail -n +1 -f log & echo $! > pid; wait) | head -n 401 | wc -l > ../seen-$$ & reader=$!
add() { for i in $(seq 100); do echo "$1 $i aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" >> log; done; }
four add; sort log | sha1sum; wait $reader; kill "$(cat pid)" 2>/dev/null || true; cat ../seen-$$; rm pid ../seen-$$`,
  },
];
