import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { dataDirInUse } from '../error.js';
import { stateSchema, type StateData } from './state.js';

const NAME = 'state.json';

/** Reads what an earlier run left; `undefined` in a new data directory. A file that does not parse is an error, never a fresh start. */
export async function readState(dataDir: string): Promise<StateData | undefined> {
  let text: string;
  try {
    text = await readFile(join(dataDir, NAME), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw dataDirInUse(dataDir, `${NAME} is not JSON`);
  }
  const parsed = stateSchema.safeParse(json);
  if (!parsed.success)
    throw dataDirInUse(dataDir, `${NAME} was not written by this version of the server`);
  return parsed.data;
}

/** Written aside, synced, renamed: a crash leaves the old state or the new one. */
export async function writeState(dataDir: string, state: StateData): Promise<void> {
  const temporary = join(dataDir, `${NAME}.${randomUUID()}`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(JSON.stringify(state));
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(temporary, join(dataDir, NAME));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
