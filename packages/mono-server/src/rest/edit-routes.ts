import { randomUUID } from 'node:crypto';
import type { Hono } from 'hono';
import type { TreeName } from '@scorpiofs/objects';
import { z } from 'zod';
import { editInChangeList } from '../cl/edit.js';
import { unifiedDiff } from '../cl/unified-diff.js';
import type { AppEnv, Handler } from '../http/context.js';
import { badRequest, HttpFailure } from '../http/failure.js';
import { sendData } from '../http/reply.js';
import { readJson } from '../http/request-body.js';
import { route } from '../http/routes.js';
import { blockedByFile } from '../mono/blocked.js';
import { placeRoot } from '../mono/snapshot.js';
import { TreeEditor } from '../mono/tree-edit.js';
import type { ServerContext } from '../server-context.js';
import { toBytes, toText } from '../tree/byte-text.js';
import { lookupEntry } from '../tree/lookup.js';
import { components, joinPath } from '../tree/repo-path.js';
import { DIRECTORY, FILE, type TreeItem } from '../tree/tree-body.js';

const text = z.string().refine((value) => !value.includes('\0'), 'must not hold NUL');
const modeSchema = z
  .union([z.literal('force_create'), z.strictObject({ try_reuse: z.string().nullable() })])
  .nullish();
const author = {
  author_email: text.nullish(),
  author_username: text.nullish(),
  skip_build: z.boolean().default(false),
  mode: modeSchema,
};

const createSchema = z.object({
  is_directory: z.boolean(),
  name: text.max(4096),
  path: text,
  content: z.string().nullish(),
  ...author,
});
const saveSchema = z.object({
  path: text,
  new_path: text.nullish(),
  content: z.string(),
  commit_message: z.string(),
  ...author,
});
const previewSchema = z.object({ path: text, content: z.string(), refs: z.string().nullish() });

const REUSE = { try_reuse: null } as const;

/** Editing without login (§1.9). */
export function editRoutes(app: Hono<AppEnv>, context: ServerContext): void {
  route(app, '/api/v1/create-entry', { POST: createEntry(context) });
  route(app, '/api/v1/edit/save', { POST: editSave(context) });
  route(app, '/api/v1/edit/diff-preview', { POST: diffPreview(context) });
}

const createEntry =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const body = await readJson(c, createSchema);
    const parts = components(body.path);
    if (mono.place(parts).importPath !== undefined)
      throw badRequest('entries cannot be created in an import repository');
    if (!body.is_directory && body.content == null) throw badRequest('content is missing');
    const name = toBytes(body.name);
    const dir = joinPath(parts);
    const done = await mono.change(async () => {
      if (parts.length > 0 && (await blockedByFile(mono, dir)))
        throw badRequest(`${body.path} is a file`);
      if ((await lookupEntry(mono.store, await mono.rootTree(), [...parts, name])) !== undefined)
        throw badRequest(`${body.name} exists`);
      let oid = '';
      const what = body.is_directory ? 'directory' : 'file';
      const { cl, commit } = await editInChangeList(mono, {
        dir,
        author: body.author_username ?? 'Anonymous',
        email: body.author_email ?? '',
        title: `create new ${what} ${body.name}`,
        mode: body.mode ?? REUSE,
        edit: async (editor, tree, inner) => {
          oid = await newEntry(editor, body.is_directory, body.content ?? '');
          const mode = body.is_directory ? DIRECTORY : FILE;
          return (await editor.put(tree, [...inner, name], { mode, oid })) ?? tree;
        },
      });
      return { commit_id: commit, new_oid: oid, cl_link: cl.link };
    });
    const base = body.path.endsWith('/') ? body.path : `${body.path}/`;
    return sendData(c, { ...done, path: `${base}${body.name}` });
  };

async function newEntry(
  editor: TreeEditor,
  isDirectory: boolean,
  content: string,
): Promise<string> {
  if (!isDirectory) return editor.blob(content);
  const oid = await editor.blob(`${randomUUID()}\n`);
  return editor.tree([{ mode: FILE, name: '.gitkeep' as TreeName, oid }]);
}

/** Only plain files can be edited; everything else is not found (§1.9). */
function editable(entry: TreeItem | undefined): TreeItem {
  if (entry?.mode !== FILE) throw new HttpFailure(404, 'File not found');
  return entry;
}

const editSave =
  (context: ServerContext): Handler =>
  async (c) => {
    const { mono } = context;
    const body = await readJson(c, saveSchema);
    const parts = components(body.path);
    const target = body.new_path == null ? parts : components(body.new_path);
    const dir = parts.slice(0, -1);
    if (target.length === 0 || joinPath(target.slice(0, -1)) !== joinPath(dir))
      throw badRequest('new_path is in another directory');
    const name = parts.at(-1) ?? ('' as TreeName);
    const newName = target.at(-1) ?? name;
    const place = mono.place(parts);
    if (place.importPath !== undefined)
      return sendData(c, await saveInImport(context, place.importPath, place.parts, newName, body));
    const data = await mono.change(async () => {
      let oid = '';
      const { cl, commit } = await editInChangeList(mono, {
        dir: joinPath(dir),
        author: body.author_username ?? 'Anonymous',
        email: body.author_email ?? '',
        title: body.commit_message,
        mode: body.mode ?? REUSE,
        edit: async (editor, tree, inner) => {
          const edited = await replaced(editor, tree, [...inner, name], newName, body.content);
          oid = edited.oid;
          return edited.tree;
        },
      });
      return { commit_id: commit, new_oid: oid, path: toText(cl.dir), cl_link: cl.link };
    });
    return sendData(c, data);
  };

/** A tree with one file's content, and perhaps its name, changed. */
async function replaced(
  editor: TreeEditor,
  tree: string,
  parts: readonly TreeName[],
  newName: TreeName,
  content: string,
): Promise<{ tree: string; oid: string }> {
  editable(await lookupEntry(editor.store, tree, parts));
  const target = [...parts.slice(0, -1), newName];
  const renamed = newName !== parts.at(-1);
  if (renamed && (await lookupEntry(editor.store, tree, target)) !== undefined)
    throw badRequest('new_path exists');
  const oid = await editor.blob(content);
  const added = (await editor.put(tree, target, { mode: FILE, oid })) ?? tree;
  const done = renamed ? ((await editor.put(added, parts, undefined)) ?? added) : added;
  return { tree: done, oid };
}

/** In an import repository the default branch moves at once; neither placeholder nor root `main` show it (M28c). */
async function saveInImport(
  { mono }: ServerContext,
  importPath: string,
  parts: readonly TreeName[],
  newName: TreeName,
  body: z.infer<typeof saveSchema>,
): Promise<object> {
  return mono.change(async () => {
    const repository = mono.importAt(importPath);
    const head = mono.importHead(importPath);
    if (head === undefined) throw new HttpFailure(404, 'File not found');
    const editor = new TreeEditor(mono.store);
    const before = (await mono.store.knownCommit(head)).tree;
    const { tree, oid } = await replaced(editor, before, parts, newName, body.content);
    const time = Math.floor(Date.now() / 1000);
    const name = body.author_username ?? 'Anonymous';
    const who = { name, email: body.author_email ?? '', time, zone: '+0000' };
    const message = body.commit_message;
    const made = { tree, parents: [head], author: who, committer: who, message };
    const commit = await mono.store.writeCommit(made);
    repository.refs[`refs/heads/${repository.defaultBranch}`] = commit;
    return { commit_id: commit, new_oid: oid, path: body.path, cl_link: null };
  });
}

const diffPreview =
  ({ mono }: ServerContext): Handler =>
  async (c) => {
    const { path, content, refs } = await readJson(c, previewSchema);
    const root = await placeRoot(mono, components(path), refs ?? '');
    const entry = editable(
      root === undefined ? undefined : await lookupEntry(mono.store, root.tree, root.parts),
    );
    const sha = await mono.store.write('blob', Buffer.from(content));
    const data = await unifiedDiff(mono.store, {
      action: 'modified',
      path: path.replace(/^\/+/, ''),
      sha,
      oldSha: entry.oid,
      oldPath: undefined,
      similarity: undefined,
    });
    return sendData(c, { path, data });
  };
