export type { IdRange, PassthroughOptions, XattrPolicy } from './options.js';
export { PassthroughFs } from './passthrough-fs.js';
export { SourceError } from './source-error.js';
export { probeHostMarks } from './host-marks.js';
