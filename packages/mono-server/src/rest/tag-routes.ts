import type { Hono } from 'hono';
import { z } from 'zod';
import type { AppEnv, Handler } from '../http/context.js';
import { HttpFailure, notFound } from '../http/failure.js';
import { sendData } from '../http/reply.js';
import { readJson } from '../http/request-body.js';
import { route } from '../http/routes.js';
import type { Monorepo } from '../mono/monorepo.js';
import { peel } from '../mono/peel.js';
import { mega } from '../mono/server-commit.js';
import type { ServerContext } from '../server-context.js';
import { components } from '../tree/repo-path.js';
import { isGoodRef } from '../git-http/receive-commands.js';
import { pageOf, paginationSchema } from './pagination.js';

const TAGS = 'refs/tags/';
const listSchema = z.object({ pagination: paginationSchema, additional: z.string() });
const createSchema = z.object({
  name: z.string(),
  target: z.string().nullish(),
  path_context: z.string().nullish(),
  tagger_name: z.string().nullish(),
  tagger_email: z.string().nullish(),
  message: z.string().nullish(),
});

/** Tags of the root; those of import repositories can be listed (§1.11). */
export function tagRoutes(app: Hono<AppEnv>, { mono }: ServerContext): void {
  const root = (): Record<string, string> => (mono.state.rows['/'] ??= {});

  const list: Handler = async (c) => {
    const { pagination, additional } = await readJson(c, listSchema);
    const { importPath } = mono.place(components(additional));
    const repository = importPath === undefined ? undefined : mono.importAt(importPath);
    const refs = repository?.refs ?? root();
    const times = repository?.tagTimes ?? mono.state.tagTimes;
    const items: TagItem[] = [];
    for (const [ref, oid] of Object.entries(refs))
      if (ref.startsWith(TAGS)) items.push(await tagItem(mono, ref, oid, times[ref]));
    const annotated = (item: TagItem): number => (item.tag_id === item.object_id ? 1 : 0);
    items.sort((a, b) => annotated(a) - annotated(b) || (a.name < b.name ? -1 : 1));
    return sendData(c, { total: items.length, items: pageOf(items, pagination) });
  };

  const create: Handler = async (c) => {
    const body = await readJson(c, createSchema);
    const ref = TAGS + body.name;
    if (!isGoodRef(ref)) throw new HttpFailure(403, `invalid tag name ${body.name}`);
    const item = await mono.change(async () => {
      if (root()[ref] !== undefined) throw new HttpFailure(409, `tag ${body.name} exists`);
      const target = body.target ?? mono.head;
      const commit = await mono.store.commit(target);
      if (commit === undefined) throw notFound(`target ${target} not found`);
      let oid = commit.oid;
      if (body.message != null) {
        const who = mega();
        const clean = (value: string): string => value.replaceAll(/[<>\n\0]/g, ' ').trim();
        const name = clean(body.tagger_name ?? who.name);
        const mail = clean(body.tagger_email ?? who.email);
        oid = await mono.store.write(
          'tag',
          Buffer.from(
            `object ${commit.oid}\ntype commit\ntag ${body.name}\ntagger ${name} <${mail}> ${who.time} +0000\n\n${body.message}\n`,
          ),
        );
      }
      root()[ref] = oid;
      mono.state.tagTimes[ref] = new Date().toISOString();
      return tagItem(mono, ref, oid, mono.state.tagTimes[ref]);
    });
    return sendData(c, item);
  };

  route(app, '/api/v1/tags', { POST: create });
  route(app, '/api/v1/tags/list', { POST: list });
  route(app, '/api/v1/tags/:name{.+}', {
    GET: async (c) => {
      const ref = TAGS + (c.req.param('name') ?? '');
      const oid = root()[ref];
      if (oid === undefined) throw notFound(`tag ${ref.slice(TAGS.length)} not found`);
      return sendData(c, await tagItem(mono, ref, oid, mono.state.tagTimes[ref]));
    },
    DELETE: async (c) => {
      const ref = TAGS + (c.req.param('name') ?? '');
      await mono.change(async () => {
        if (root()[ref] === undefined) throw notFound(`tag ${ref.slice(TAGS.length)} not found`);
        delete root()[ref];
        delete mono.state.tagTimes[ref];
        return Promise.resolve();
      });
      return sendData(c, null);
    },
  });
}

interface TagItem {
  readonly name: string;
  readonly tag_id: string;
  readonly object_id: string;
  readonly object_type: string;
  readonly tagger: string;
  readonly message: string;
  readonly created_at: string;
}

async function tagItem(
  mono: Monorepo,
  ref: string,
  oid: string,
  created: string | undefined,
): Promise<TagItem> {
  const body =
    (await mono.store.infoOf(oid))?.type === 'tag' ? await mono.store.tag(oid) : undefined;
  const target = (await peel(mono.store, oid)) ?? oid;
  const gap = body?.indexOf('\n\n') ?? -1;
  const tagger = /^tagger .*$/m.exec(body ?? '')?.[0] ?? '';
  return {
    name: ref.slice(TAGS.length),
    tag_id: oid,
    object_id: target,
    object_type: (await mono.store.infoOf(target))?.type ?? 'commit',
    tagger,
    message: body === undefined || gap < 0 ? '' : body.slice(gap + 2),
    created_at: created ?? new Date(0).toISOString(),
  };
}
