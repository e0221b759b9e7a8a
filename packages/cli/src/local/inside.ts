import { realpathSync } from 'node:fs';

function below(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** Without symbolic links; as written where it cannot be followed: not there, or a mount whose server has died. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Whether one of two absolute paths lies inside the other, as they are written or where they lead. */
export function nested(one: string, other: string): boolean {
  if (below(one, other) || below(other, one)) return true;
  const [a, b] = [real(one), real(other)];
  return below(a, b) || below(b, a);
}
