import { createHash, randomUUID } from 'node:crypto';
import { open, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';

const compress = promisify(deflate);

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag';

export function objectId(type: ObjectType, body: Uint8Array): string {
  return createHash('sha1').update(`${type} ${body.length}\0`).update(body).digest('hex');
}

/**
 * Writes a loose object. It is complete and on disk before it gets its name, so a crash leaves either nothing or
 * all of it, and state that is written afterwards never names an object that is not there.
 */
export async function writeLooseObject(
  objectsDir: string,
  type: ObjectType,
  body: Uint8Array,
): Promise<string> {
  const oid = objectId(type, body);
  const dir = join(objectsDir, oid.slice(0, 2));
  const temporary = join(objectsDir, `tmp_obj_${randomUUID()}`);
  const data = await compress(Buffer.concat([Buffer.from(`${type} ${body.length}\0`), body]));
  await mkdir(dir, { recursive: true });
  const file = await open(temporary, 'wx', 0o444);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await rename(temporary, join(dir, oid.slice(2)));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return oid;
}
