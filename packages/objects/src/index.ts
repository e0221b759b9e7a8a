export * from './name.js';
export * from './oid.js';
export * from './partial-error.js';
export * from './source-error.js';
export * from './source.js';
export * from './tree.js';
