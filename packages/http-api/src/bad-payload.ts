/** What came cannot be taken as a request; nothing was done. */
export class BadPayload extends Error {
  override readonly name = 'BadPayload';

  constructor(
    readonly status: 400 | 413 | 415 | 422,
    message: string,
  ) {
    super(message);
  }
}
