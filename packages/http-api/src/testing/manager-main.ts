import { join } from 'node:path';
import { Antares, AntaresManager, Base, KernelEngine } from '@scorpiofs/antares';
import { MegaClient } from '@scorpiofs/mega-client';
import { Store } from '@scorpiofs/store';

/** A program that uses the library: `[number, verb, arguments]` come in, `[number, result, failure]` go out. Ends when it is let go. */
const [, , url = '', root = ''] = process.argv;
const at = (name: string): string => join(root, name);
const source = new MegaClient({ baseUrl: url, retry: { attempts: 1 } });
const store = await Store.open(at('store'));
const base = await Base.open({ source, store, directory: at('base') });
const paths = {
  upperRoot: at('up'),
  clRoot: at('cl'),
  mountRoot: at('mnt'),
  stateFile: at('state.toml'),
};
const parts = { paths, base, source, store, wire: source.wire, quiesceMs: 0 };
const antares = await Antares.open({ ...parts, engine: new KernelEngine() });
const manager = new AntaresManager(antares, paths.mountRoot);

// `prune` with what the test says is old; only where.
const prune = async (olderThanMs: number): Promise<string[]> =>
  (await antares.prune({ olderThanMs })).map(({ path }) => path);

type Verb = 'mountJob' | 'mountJobAt' | 'umountJob' | 'lockJob' | 'unlockJob' | 'list' | 'prune';

process.on('message', ([number, verb, args]: [number, Verb, never]) => {
  void (async () => {
    try {
      const call = (verb === 'prune' ? prune : manager[verb]) as (
        ...given: readonly unknown[]
      ) => unknown;
      process.send?.([number, await call.apply(manager, args)]);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      process.send?.([number, null, { code, message }]);
    }
  })();
});
process.once('disconnect', () => {
  void (async () => {
    await antares.close();
    await base.close();
    await source.close();
    await store.close();
    process.exit(0);
  })();
});
process.send?.('ready');
