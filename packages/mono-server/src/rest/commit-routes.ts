import type { Hono } from 'hono';
import { z } from 'zod';
import { changedFiles } from '../cl/changed-files.js';
import { firstLine, type Commit } from '../git/commit-object.js';
import type { AppEnv, Ctx, Handler } from '../http/context.js';
import { notFound } from '../http/failure.js';
import { sendData } from '../http/reply.js';
import { readJson } from '../http/request-body.js';
import { route } from '../http/routes.js';
import { lastChange } from '../mono/last-change.js';
import type { Monorepo } from '../mono/monorepo.js';
import { startingCommit } from '../mono/starting-commit.js';
import type { ServerContext } from '../server-context.js';
import { components } from '../tree/repo-path.js';
import { changedPage, changedRequestSchema } from './changed-page.js';
import { muiTree } from './mui-tree.js';
import { paginationSchema } from './pagination.js';

const historySchema = z.object({
  pagination: paginationSchema,
  additional: z.object({
    path: z.string(),
    refs: z.string().nullish(),
    author: z.string().nullish(),
  }),
});

/** Like the original's walk. */
const MAX_STEPS = 10_000;

/** Commits (§1.7). */
export function commitRoutes(app: Hono<AppEnv>, { mono }: ServerContext): void {
  const history: Handler = async (c) => {
    const { pagination, additional } = await readJson(c, historySchema);
    const place = mono.place(components(additional.path));
    const start = await startingCommit(mono, place.importPath, additional.refs ?? '');
    const pushers = place.importPath === undefined ? {} : mono.importAt(place.importPath).pushers;
    const found: Commit[] = [];
    let at: Commit | undefined = start;
    for (let step = 0; at !== undefined && step < MAX_STEPS; step++) {
      const change: Commit | undefined = await lastChange(mono.store, at, place.parts);
      if (change === undefined) break;
      const author = pushers[change.oid] ?? change.author.name;
      if (additional.author == null || author === additional.author) found.push(change);
      const parent: string | undefined = change.parents[0];
      at = parent === undefined ? undefined : await mono.store.commit(parent);
    }
    const { page, per_page } = pagination;
    const from = (Math.max(page, 1) - 1) * per_page;
    const items = found.slice(from, from + per_page).map((commit) => ({
      sha: commit.oid,
      short_message: firstLine(commit.message),
      author: pushers[commit.oid] ?? commit.author.name,
      committer: pushers[commit.oid] ?? commit.committer.name,
      date: String(commit.committer.time),
      parents: commit.parents,
      gpg_status: commit.signed ? 'Unverified' : 'NoSignature',
    }));
    return sendData(c, { total: found.length, items });
  };

  route(app, '/api/v1/commits/history', { POST: history });
  route(app, '/api/v1/commits/:sha/mui-tree', {
    GET: async (c) => {
      const { before, after } = await commitTrees(mono, c);
      const files = await changedFiles(mono.store, before, after, true);
      return sendData(c, muiTree(files.map((file) => file.path)));
    },
  });
  route(app, '/api/v1/commits/:sha/files-changed', {
    POST: async (c) => {
      const request = await readJson(c, changedRequestSchema);
      const { before, after } = await commitTrees(mono, c);
      return sendData(c, await changedPage(mono.store, before, after, request));
    },
  });
}

/** A commit's tree and its first parent's. */
async function commitTrees(
  mono: Monorepo,
  c: Ctx,
): Promise<{ before: string | undefined; after: string }> {
  const sha = c.req.param('sha') ?? '';
  const commit = await mono.store.commit(sha);
  if (commit === undefined) throw notFound(`commit ${sha} not found`);
  const parent = commit.parents[0];
  const before = parent === undefined ? undefined : await mono.store.commit(parent);
  return { before: before?.tree, after: commit.tree };
}
