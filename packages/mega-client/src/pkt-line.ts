/** Lines of git's wire format: four hex digits of length, itself included, then the content; `0000` ends a section. */
export type PktLine =
  { readonly flush: true } | { readonly flush: false; readonly content: Buffer };

/** Throws `Error` on what is not pkt-lines throughout. */
export function* pktLines(bytes: Buffer): Generator<PktLine, void, undefined> {
  let at = 0;
  while (at < bytes.length) {
    const digits = bytes.toString('latin1', at, at + 4);
    if (!/^[0-9a-f]{4}$/i.test(digits)) throw new Error(`no pkt-line at byte ${at}`);
    const length = Number.parseInt(digits, 16);
    if (length === 0) {
      yield { flush: true };
      at += 4;
      continue;
    }
    // 1 to 3 are of protocol 2, which the server does not speak.
    if (length < 4 || at + length > bytes.length) throw new Error(`pkt-line cut off at byte ${at}`);
    yield { flush: false, content: bytes.subarray(at + 4, at + length) };
    at += length;
  }
}
