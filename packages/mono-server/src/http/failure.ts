/** A failure that is answered in the envelope (mega-server §1.1, §1.3). */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';

  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** A failure that the original's web framework answers itself, as plain text. */
export class PlainFailure extends Error {
  override readonly name = 'PlainFailure';

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export const badRequest = (text: string): HttpFailure =>
  new HttpFailure(400, `Bad request: ${text}`);
export const notFound = (text: string): HttpFailure =>
  new HttpFailure(404, `Not Found error: ${text}`);
