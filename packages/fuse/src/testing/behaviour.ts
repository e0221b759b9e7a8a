import type { Case, CaseContext, Cases } from './case.js';
import { attributes } from './cases/attributes.js';
import { directories } from './cases/directories.js';
import { fileAttributes } from './cases/file-attributes.js';
import { files } from './cases/files.js';
import { names } from './cases/names.js';
import { programs } from './cases/programs.js';
import { randomOperations } from './cases/random.js';
import { removed } from './cases/removed.js';
import { renames } from './cases/renames.js';
import { space } from './cases/space.js';
import { xattrs } from './cases/xattrs.js';
import { DirectClient } from './direct-client.js';
import { MountedClient } from './mounted-client.js';

/** Every case by name. */
export const behaviour: Cases = {
  ...files,
  ...space,
  ...names,
  ...directories,
  ...removed,
  ...renames,
  ...attributes,
  ...xattrs,
  ...fileAttributes,
  ...randomOperations,
  ...programs,
};

/** The file system under test, fresh and writable. */
export interface Subject {
  /** A `DirectClient` (form `direct`) or a `MountedClient` (form `mounted`), with root's rights. */
  readonly client: DirectClient | MountedClient;
  /** Releases it, after the last case. */
  close?(): Promise<void>;
}

/** What is used of a test runner: jest's or node:test's functions fit. */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  beforeAll(body: () => Promise<void>): unknown;
  afterAll(body: () => Promise<void>): unknown;
  readonly test: {
    (name: string, body: () => Promise<void>): unknown;
    skip(name: string, body: () => Promise<void>): unknown;
  };
}

/**
 * Runs the behavioural suite over one file system. A case is skipped only by name and with a reason, which its title then
 * shows; an unknown name in `skips` fails. Each case works in a directory of its own.
 *
 * @example
 * import { afterAll, beforeAll, describe, test } from '@jest/globals';
 * runBehaviour({ describe, test, beforeAll, afterAll }, 'MyFs', 'direct', {
 *   create: async () => ({ client: new DirectClient(new MyFs()) }),
 * });
 */
export function runBehaviour(
  runner: Runner,
  title: string,
  form: 'direct' | 'mounted',
  subject: {
    create(): Promise<Subject>;
    /** Reasons by case. */
    readonly skips?: Readonly<Record<string, string>>;
  },
): void {
  const { skips = {} } = subject;
  runner.describe(`${title}, ${form}`, () => {
    let current: Subject | undefined;
    runner.beforeAll(async () => {
      current = await subject.create();
    });
    runner.afterAll(async () => {
      await current?.close?.();
    });
    runner.test('every skip names a case', async () => {
      const unknown = Object.keys(skips).filter((name) => behaviour[name] === undefined);
      if (unknown.length > 0) throw new Error(`no such case: ${unknown.join(', ')}`);
    });
    for (const [index, [name, one]] of Object.entries(behaviour).entries()) {
      if (one.only !== undefined && one.only !== form) continue;
      const reason = skips[name];
      const body = async () => {
        if (current === undefined) throw new Error('the subject was not made');
        await runCase(current.client, `case-${index}`, one);
      };
      if (reason === undefined) runner.test(`${name} (${one.guards})`, body);
      else runner.test.skip(`${name}: skipped, ${reason}`, body);
    }
  });
}

async function runCase(client: DirectClient | MountedClient, dir: string, one: Case) {
  await client.mkdir(dir, 0o777);
  const context: CaseContext = {
    fs: client.within(dir),
    base: `/${dir}`,
    host: (path) => {
      if (client instanceof MountedClient) return `${client.root}/${dir}/${path}`;
      throw new Error('there is no mount');
    },
  };
  const before = client instanceof DirectClient ? client.references : 0;
  await one.run(context);
  // A lookup reference that is never given back keeps its node in memory for as long as the mount lives.
  const after = client instanceof DirectClient ? client.references : 0;
  if (after !== before) throw new Error(`${after - before} lookup references were not given back`);
}
