import { Hono } from 'hono';
import { z } from 'zod';
import * as s from './antares/schemas.js';
import { refreshed } from './workspace.js';

interface Operation {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly answer?: z.ZodType;
  readonly failures?: readonly number[];
}

const OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/health',
    summary: 'Whether all views are well',
    answer: s.antaresHealth,
  },
  {
    method: 'post',
    path: '/mounts',
    summary: 'Make a view; answered when it is ready',
    body: s.createRequest,
    answer: s.mountCreated,
    failures: [400, 413, 415, 422, 429, 500, 503],
  },
  { method: 'get', path: '/mounts', summary: 'All views', answer: s.mountCollection },
  {
    method: 'post',
    path: '/prune',
    summary: 'Remove directories that belong to no job, with what was kept of ended ones',
    body: s.pruneRequest,
    answer: s.pruned,
    failures: [400, 413, 415, 422, 500, 503],
  },
  {
    method: 'get',
    path: '/mounts/by-job/{job_id}',
    summary: "A job's view",
    answer: s.mountStatus,
    failures: [400, 404],
  },
  {
    method: 'delete',
    path: '/mounts/by-job/{job_id}',
    summary: "End a job's view",
    answer: s.mountStatus,
    failures: [400, 404, 409, 503],
  },
  {
    method: 'get',
    path: '/mounts/{mount_id}',
    summary: 'A view',
    answer: s.mountStatus,
    failures: [400, 404],
  },
  {
    method: 'delete',
    path: '/mounts/{mount_id}',
    summary: 'End a view',
    answer: s.mountStatus,
    failures: [400, 404, 503],
  },
  {
    method: 'post',
    path: '/mounts/{mount_id}/cl',
    summary: 'Put a change list below the edits',
    body: s.buildClRequest,
    answer: s.mountStatus,
    failures: [400, 404, 409, 415, 422, 500, 503],
  },
  {
    method: 'delete',
    path: '/mounts/{mount_id}/cl',
    summary: 'Take the change list away',
    answer: s.mountStatus,
    failures: [400, 404, 409, 500, 503],
  },
  {
    method: 'post',
    path: '/mounts/{mount_id}/lock',
    summary: 'Nobody may end the view until it is unlocked',
    answer: s.mountStatus,
    failures: [400, 404, 503],
  },
  {
    method: 'delete',
    path: '/mounts/{mount_id}/lock',
    summary: 'It may be ended again',
    answer: s.mountStatus,
    failures: [400, 404, 503],
  },
  {
    method: 'get',
    path: '/mounts/{mount_id}/ready',
    summary: 'Whether the view can be used',
    answer: s.mountReady,
    failures: [400, 404],
  },
  {
    method: 'get',
    path: '/mounts/{mount_id}/changes',
    summary: 'What the job changed',
    answer: s.changeList,
    failures: [400, 404],
  },
  {
    method: 'post',
    path: '/mounts/{mount_id}/refresh',
    summary: 'Move to another revision',
    body: s.refreshRequest,
    answer: s.mountStatus,
    failures: [400, 404, 409, 415, 422, 500, 503],
  },
  {
    method: 'get',
    path: '/mounts/{mount_id}/events',
    summary: 'Life cycle as server-sent events',
    failures: [400, 404],
  },
];

const WORKSPACE: Operation = {
  method: 'post',
  path: '/workspace/refresh',
  summary: 'Move the workspace to the newest revision',
  answer: refreshed,
  failures: [500, 503],
};

/** The document of OpenAPI 3.1 that the schemas of the routes give. `prefix`: `/antares`, or nothing. */
export function openApiDocument(
  version: string,
  prefix: string,
): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  const all = OPERATIONS.map((one) => ({ ...one, path: prefix + one.path }));
  // Only the daemon that has a workspace keeps its views below a prefix.
  if (prefix !== '') all.push(WORKSPACE);
  for (const { method, path, summary, body, answer, failures = [] } of all) {
    const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    const at = (paths[path] ??= {});
    at[method] = {
      summary,
      parameters,
      ...(body !== undefined && { requestBody: { required: true, content: json(body, 'input') } }),
      responses: {
        200:
          answer === undefined
            ? { description: 'Events', content: { 'text/event-stream': {} } }
            : { description: 'Done', content: json(answer, 'output') },
        ...Object.fromEntries(
          failures.map((status) => [
            status,
            { description: 'Not done', content: json(s.errorBody, 'output') },
          ]),
        ),
      },
    };
  }
  return { openapi: '3.1.0', info: { title: 'ScorpioFS Antares', version }, paths };
}

function json(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...shape } = z.toJSONSchema(schema, { io });
  return { 'application/json': { schema: shape } };
}

/** `GET /openapi.json`, and a page that shows it and tries it. */
export function openApiRoutes(version: string, prefix: string): Hono {
  const document = openApiDocument(version, prefix);
  return new Hono()
    .get('/openapi.json', (c) => c.json(document))
    .get('/docs', (c) =>
      c.html(PAGE, 200, {
        'content-security-policy':
          "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'",
      }),
    );
}

/** Everything in one file: the page must work on a machine without a network. */
const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>ScorpioFS API</title>
<style>body{font:15px sans-serif;max-width:60em;margin:2em auto}code,pre,textarea{font:13px monospace}summary{padding:.3em;cursor:pointer}
textarea,input{width:100%}pre{background:#eee;padding:.5em;overflow:auto}b{display:inline-block;width:4.5em}</style>
<h1>ScorpioFS API</h1><p>From <a href="/openapi.json">/openapi.json</a>.</p><main></main>
<script>
const add = (to, tag, text) => { const e = document.createElement(tag); if (text) e.textContent = text; to.append(e); return e; };
fetch('/openapi.json').then((r) => r.json()).then((doc) => {
  const main = document.querySelector('main');
  for (const [path, methods] of Object.entries(doc.paths)) for (const [method, op] of Object.entries(methods)) {
    const box = add(main, 'details'), head = add(box, 'summary');
    add(head, 'b', method.toUpperCase()); add(head, 'code', path); add(head, 'span', ' – ' + op.summary);
    const inputs = op.parameters.map((p) => { add(box, 'label', p.name); const i = add(box, 'input'); i.dataset.name = p.name; return i; });
    let body;
    if (op.requestBody) {
      add(box, 'pre', JSON.stringify(op.requestBody.content['application/json'].schema, null, 1));
      body = add(box, 'textarea'); body.value = '{}';
    }
    const button = add(box, 'button', 'Send'), out = add(box, 'pre');
    button.onclick = async () => {
      let url = path;
      for (const i of inputs) url = url.replace('{' + i.dataset.name + '}', encodeURIComponent(i.value));
      const init = { method: method.toUpperCase() };
      if (body) { init.body = body.value; init.headers = { 'content-type': 'application/json' }; }
      try { const r = await fetch(url, init); out.textContent = r.status + '\\n' + await r.text(); } catch (e) { out.textContent = String(e); }
    };
  }
});
</script></html>`;
