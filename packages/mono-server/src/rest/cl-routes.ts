import type { Hono } from 'hono';
import { z } from 'zod';
import { changeList, changeListTrees } from '../cl/change-list.js';
import { changedFiles } from '../cl/changed-files.js';
import { mergeChangeList } from '../cl/merge.js';
import type { AppEnv, Ctx, Handler } from '../http/context.js';
import { PlainFailure } from '../http/failure.js';
import { sendData } from '../http/reply.js';
import { readJson } from '../http/request-body.js';
import { route } from '../http/routes.js';
import { MAIN, ZERO_OID, type ChangeList } from '../mono/state.js';
import type { ServerContext } from '../server-context.js';
import { changedPage, changedRequestSchema } from './changed-page.js';
import { muiTree } from './mui-tree.js';
import { pageOf, paginationSchema } from './pagination.js';

const listSchema = z.object({
  pagination: paginationSchema,
  additional: z.object({
    status: z.string(),
    asc: z.boolean(),
    author: z.string().nullish(),
    labels: z.array(z.unknown()).nullish(),
    assignees: z.array(z.unknown()).nullish(),
    sort_by: z.string().nullish(),
  }),
});

const link = (c: Ctx): string => c.req.param('link') ?? '';

/** Change lists (§1.10). */
export function clRoutes(app: Hono<AppEnv>, context: ServerContext): void {
  const { mono, options } = context;

  const filesList: Handler = async (c) => {
    const { before, after } = await changeListTrees(mono, changeList(mono, link(c)));
    const files = await changedFiles(mono.store, before, after, options.older !== true);
    return sendData(
      c,
      files.map(({ path, sha, action, oldPath, similarity }) => ({
        path,
        sha,
        action,
        ...(oldPath === undefined ? {} : { old_path: oldPath, similarity }),
      })),
    );
  };

  const filesChanged: Handler = async (c) => {
    const request = await readJson(c, changedRequestSchema);
    const { before, after } = await changeListTrees(mono, changeList(mono, link(c)));
    return sendData(c, await changedPage(mono.store, before, after, request));
  };

  const tree: Handler = async (c) => {
    const { before, after } = await changeListTrees(mono, changeList(mono, link(c)));
    const files = await changedFiles(mono.store, before, after, true);
    return sendData(c, muiTree(files.map((file) => file.path)));
  };

  const list: Handler = async (c) => {
    const { pagination, additional } = await readJson(c, listSchema);
    const time = (cl: ChangeList): number =>
      additional.sort_by === 'created_at' ? cl.opened : cl.updated;
    const sign = additional.asc ? 1 : -1;
    const found = Object.values(mono.state.cls)
      .filter((cl) => hasStatus(cl, additional.status))
      .filter((cl) => additional.author == null || cl.author === additional.author)
      .toSorted((a, b) => sign * (time(a) - time(b) || a.id - b.id));
    return sendData(c, { total: found.length, items: pageOf(found, pagination).map(listItem) });
  };

  const updateStatus: Handler = (c) => {
    const cl = changeList(mono, link(c));
    const target = mono.state.rows[cl.dir]?.[MAIN] ?? ZERO_OID;
    return sendData(c, {
      base_commit: cl.base,
      target_head: target,
      outdated: target !== cl.base,
    });
  };

  const merge: Handler = async (c) => {
    await mono.change(() =>
      mergeChangeList(mono, changeList(mono, link(c), `CL not found: ${link(c)}`)),
    );
    return sendData(c, 'Merge completed successfully');
  };

  const mergeBox: Handler = (c) => {
    const cl = changeList(mono, link(c));
    const current = mono.state.rows[cl.dir]?.[MAIN] === cl.base && cl.status === 'Open';
    const state = current ? 'MERGEABLE' : 'UNMERGEABLE';
    return sendData(c, { merge_requirements: { conditions: [], state } });
  };

  /** Routes behind the cookie login, which this server does not have (M35). */
  const login: Handler = () => {
    throw new PlainFailure(401, 'Login first');
  };

  route(app, '/api/v1/cl/list', { POST: list });
  route(app, '/api/v1/cl/labels', { POST: login });
  route(app, '/api/v1/cl/assignees', { POST: login });
  route(app, '/api/v1/cl/:link/files-list', { GET: filesList });
  route(app, '/api/v1/cl/:link/files-changed', { POST: filesChanged });
  route(app, '/api/v1/cl/:link/mui-tree', { GET: tree });
  route(app, '/api/v1/cl/:link/update-status', { GET: updateStatus });
  route(app, '/api/v1/cl/:link/merge-box', { GET: mergeBox });
  route(app, '/api/v1/cl/:link/merge-no-auth', { POST: merge });
  route(app, '/api/v1/cl/:link/detail', { GET: login });
  for (const path of ['start', ':id/manifest', ':id/file', ':id/complete'])
    route(app, `/api/v1/buck/session/${path}`, { POST: login });
  for (const name of ['merge', 'close', 'reopen', 'comment', 'title', 'status', 'update-branch'])
    route(app, `/api/v1/cl/:link/${name}`, { POST: login });
}

function hasStatus(cl: ChangeList, wanted: string): boolean {
  if (wanted === 'open') return cl.status === 'Open' || cl.status === 'Draft';
  if (wanted === 'closed') return cl.status === 'Closed' || cl.status === 'Merged';
  return true;
}

function listItem(cl: ChangeList): object {
  return {
    id: cl.id,
    link: cl.link,
    title: cl.title,
    status: cl.status,
    author: cl.author,
    open_timestamp: cl.opened,
    closed_at: cl.closed,
    merge_timestamp: cl.merged,
    updated_at: cl.updated,
    labels: [],
    assignees: [],
    comment_num: 1,
  };
}
