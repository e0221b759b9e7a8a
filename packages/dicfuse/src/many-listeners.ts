import { setMaxListeners } from 'node:events';

/** A controller whose signal ends any number of requests at once: not the leak that Node warns of. */
export function manyListeners(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
