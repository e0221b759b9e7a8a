import type { Completion, ProgramSpec } from '../command/spec.js';
import { jobFlags } from './job-flags.js';
import { levels, namesOf } from './tree.js';
import { valueFlags, valueGroups } from './value-flags.js';

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;

function offer(completion: Completion | undefined): string {
  if (completion === 'file' || completion === 'directory') return 'edit:complete-filename $@words';
  if (completion === 'job') return '$jobs';
  if (completion === undefined) return 'nop';
  return `put ${completion.map(quote).join(' ')}`;
}

/** The completion script for elvish. */
export function elvishScript(program: ProgramSpec): string {
  const candidate = (word: string, doc: string) =>
    `        edit:complex-candidate ${quote(word)} &display=${quote(`${word}  ${doc}`)}`;
  const values = valueGroups(program).flatMap((g) =>
    g.names.map((n) => `      &${quote(n)}= { ${offer(g.completion)} }`),
  );
  const offers = levels(program).map((l) =>
    [
      `      &${quote(l.path.join(' '))}= {`,
      ...l.words.map((w) => candidate(w.word, w.doc)),
      ...l.flags.flatMap((f) => namesOf(f).map((n) => candidate(n, f.doc))),
      `        ${offer(l.positional)}`,
      '      }',
    ].join('\n'),
  );
  const known = levels(program)
    .filter((l) => l.path.length > 0)
    .map((l) => quote(l.path.join(' ')));
  const { names, glued, short } = jobFlags(program);
  const given = [...glued, ...short.map((n) => `${n}.`)].join('|');
  return `use builtin
use re
use str

set edit:completion:arg-completer[${program.name}] = {|@words|
    var takers = [${valueFlags(program).flatMap(namesOf).map(quote).join(' ')}]
    var commands = [${known.join(' ')}]
    # The command that tells the jobs, with what on this line decides which they are.
    var ask = []
    var jobs = {
        try {
            e:${program.name} $@ask 2>/dev/null | from-lines | each {|line|
                if (re:match '^job_id=' $line) { put (re:replace '^job_id=(.*) mount=.*$' '$1' $line) }
            }
        } catch { }
    }
    var values = [
${values.join('\n')}
    ]
    var offers = [
${offers.join('\n')}
    ]
    var command = ''
    var value = ''
    for word $words[1..-1] {
        if (not-eq $value '') {
            if (has-value [${names.map(quote).join(' ')}] $value) { set ask = [$@ask $value $word] }
            set value = ''
        } elif (has-value $takers $word) {
            set value = $word
        } elif (re:match '^(${given})' $word) {
            set ask = [$@ask $word]
        } else {
            var longer = (str:trim-space $command' '$word)
            if (has-value $commands $longer) {
                if (eq $command '') { set ask = [$@ask list] }
                set command = $longer
            }
        }
    }
    if (not-eq $value '') {
        $values[$value]
    } else {
        $offers[$command]
    }
}
`;
}
