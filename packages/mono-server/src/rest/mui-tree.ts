import { randomUUID } from 'node:crypto';

interface UiNode {
  readonly id: string;
  readonly label: string;
  readonly path: string;
  children?: UiNode[];
}

/** Changed paths as the nested tree that the web interface shows; `path` has a leading slash here (§1.10). */
export function muiTree(paths: readonly string[]): UiNode[] {
  const roots: UiNode[] = [];
  for (const path of paths) {
    let siblings = roots;
    let at = '';
    for (const label of path.split('/')) {
      at += `/${label}`;
      let node = siblings.find((one) => one.label === label);
      if (node === undefined) siblings.push((node = { id: randomUUID(), label, path: at }));
      siblings = node.children ??= [];
    }
  }
  const trim = (nodes: UiNode[]): void => {
    for (const node of nodes) {
      if (node.children?.length === 0) delete node.children;
      else trim(node.children ?? []);
    }
  };
  trim(roots);
  return roots;
}
