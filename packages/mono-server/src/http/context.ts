import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

export interface AppEnv {
  readonly Bindings: HttpBindings;
}

export type Ctx = Context<AppEnv>;
export type Handler = (c: Ctx) => Promise<Response> | Response;
