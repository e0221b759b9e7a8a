import type {
  AttrReply,
  Handle,
  Maybe,
  NodeId,
  Notifier,
  Request,
  SessionInfo,
  SetAttr,
} from '@scorpiofs/fuse';
import { OverlayFs, type OverlayOptions } from '@scorpiofs/overlayfs';
import type { SwitchLayer } from './switch-layer.js';

/** The overlay of a view: its lower layer may change, and the kernel hears what it must no longer believe. */
export class ViewFs extends OverlayFs {
  readonly #below: SwitchLayer;
  readonly #written = new Set<NodeId>();
  #notify: Notifier | undefined;

  constructor(upper: OverlayOptions['upper'], below: SwitchLayer) {
    super({ ...(upper !== undefined && { upper }), lowers: [{ layer: below, form: 'none' }] });
    this.#below = below;
  }

  override init(info: SessionInfo): void {
    this.#notify = info.notify;
    super.init(info);
  }

  override write(
    req: Request,
    node: NodeId,
    fh: Handle,
    offset: number,
    bytes: Buffer,
    how: Parameters<OverlayFs['write']>[5],
  ): Maybe<number> {
    return this.#changing(node, super.write(req, node, fh, offset, bytes, how));
  }

  override setattr(
    req: Request,
    node: NodeId,
    set: SetAttr,
    fh: Handle | undefined,
  ): Maybe<AttrReply> {
    return this.#changing(node, super.setattr(req, node, set, fh));
  }

  /** Before the layers below change: who writes afterwards is to be noticed again. */
  changing(): void {
    this.#written.clear();
  }

  /** Resolves when the kernel has heard. Not to be awaited inside a request. */
  async told(): Promise<void> {
    await this.#notify?.settled();
  }

  #changing<T>(node: NodeId, result: Maybe<T>): Maybe<T> {
    if (this.#below.left.size === 0 || this.#written.has(node)) return result;
    this.#written.add(node);
    const tell = (value: T): T => {
      this.#below.leftWritten();
      return value;
    };
    return result instanceof Promise ? result.then(tell) : tell(result);
  }
}
