export type { Change, ChangeKind } from './changes.js';
export { OverlayError } from './errors.js';
export type { MarkForm, OverlayLayer } from './layers.js';
export { OverlayFs } from './overlay-fs.js';
export type { OverlayOptions } from './state.js';
