import type { ServerResponse } from 'node:http';

/** Responses whose body a fault rule cuts off, and after how many bytes. */
export const truncation = new WeakMap<ServerResponse, number>();
