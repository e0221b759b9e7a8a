/** Why no more requests come. */
export type ChannelEnd =
  | { readonly reason: 'unmounted' | 'aborted' | 'closed' }
  | { readonly reason: 'failed'; readonly error: Error };

export interface ChannelHandlers {
  /**
   * One request, whole, in a buffer that is used again after the call, unless the call returns true: then it belongs to
   * the session until `recycle`.
   */
  onRequest(buffer: Buffer, length: number): boolean;
  /**
   * Whether an answer is still to come. Then the caller is waiting for us, not the other way round: polling for its next
   * request would only delay what the answer is made of.
   */
  isWaiting(): boolean;
  onEnd(end: ChannelEnd): void;
}

/** How requests come from the kernel and answers go back. The device is the one in use; tests have another. */
export interface Channel {
  /** Largest WRITE the buffers can take, in bytes. */
  readonly maxWrite: number;
  start(handlers: ChannelHandlers): void;
  /** Sends the first `length` bytes as one reply. 0 or `-errno`; -ENOENT: the kernel no longer waits for it. */
  reply(buffer: Buffer, length: number): number;
  /** The session no longer needs a buffer it had kept. */
  recycle(buffer: Buffer): void;
  /** Sends a notification from another thread, where it may block. 0 or `-errno`. */
  notify(message: Buffer): Promise<number>;
  /** Id for passthrough to a host file, or `-errno`. */
  backingOpen(fd: number): number;
  backingClose(id: number): void;
  /** Ends the connection; `onEnd` follows with `closed` unless it has come before. */
  close(): void;
}
