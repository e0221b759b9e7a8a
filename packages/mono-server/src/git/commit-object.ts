export interface Person {
  /** `Name <mail>` parts; both may be empty in old histories. */
  readonly name: string;
  readonly email: string;
  /** Unix seconds. */
  readonly time: number;
  readonly zone: string;
}

export interface Commit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  readonly signed: boolean;
  readonly message: string;
}

const NOBODY: Person = { name: '', email: '', time: 0, zone: '+0000' };

function parsePerson(text: string): Person {
  const match = /^(.*?) ?<([^>]*)> (-?\d+) ([+-]\d{4})$/.exec(text);
  if (match === null) return { ...NOBODY, name: text };
  const [, name = '', email = '', time = '0', zone = '+0000'] = match;
  return { name, email, time: Number(time), zone };
}

/** Parses a commit object's body; throws where it names no tree. */
export function parseCommit(oid: string, body: Buffer): Commit {
  const text = body.toString('utf8');
  const gap = text.indexOf('\n\n');
  const head = gap < 0 ? text : text.slice(0, gap);
  const parents: string[] = [];
  let tree: string | undefined;
  let author = NOBODY;
  let committer = NOBODY;
  let signed = false;
  for (const line of head.split('\n')) {
    if (line.startsWith('tree ')) tree ??= line.slice(5);
    else if (line.startsWith('parent ')) parents.push(line.slice(7));
    else if (line.startsWith('author ')) author = parsePerson(line.slice(7));
    else if (line.startsWith('committer ')) committer = parsePerson(line.slice(10));
    else if (line.startsWith('gpgsig')) signed = true;
  }
  if (tree === undefined) throw new Error(`commit ${oid} names no tree`);
  return {
    oid,
    tree,
    parents,
    author,
    committer,
    signed,
    message: gap < 0 ? '' : text.slice(gap + 2),
  };
}

function personLine(person: Person): string {
  const clean = (text: string): string => text.replaceAll(/[<>\n\0]/g, ' ').trim();
  return `${clean(person.name)} <${clean(person.email)}> ${person.time} ${person.zone}`;
}

export function buildCommit(commit: Omit<Commit, 'oid' | 'signed'>): Buffer {
  return Buffer.from(
    [
      `tree ${commit.tree}`,
      ...commit.parents.map((parent) => `parent ${parent}`),
      `author ${personLine(commit.author)}`,
      `committer ${personLine(commit.committer)}`,
      '',
      commit.message.endsWith('\n') ? commit.message : `${commit.message}\n`,
    ].join('\n'),
  );
}

export function firstLine(message: string): string {
  return message.trimStart().split('\n', 1)[0] ?? '';
}
