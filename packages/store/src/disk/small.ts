/** Contents up to this size lie together in segments, larger ones are files of their own. */
export const SMALL = 128 * 1024;
