import type { Completion, ProgramSpec } from '../command/spec.js';
import { jobFlags } from './job-flags.js';
import { completionOf, levels, namesOf } from './tree.js';
import { valueFlags } from './value-flags.js';

const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function values(name: string, completion: Completion | undefined): string {
  if (completion === 'file') return ' -F';
  if (completion === 'directory') return ` -f -a '(__fish_complete_directories)'`;
  if (completion === 'job') return ` -f -a '(__${name}_jobs)'`;
  if (completion === undefined) return ' -f';
  return ` -f -a ${quote(completion.join(' '))}`;
}

/** The completion script for fish. */
export function fishScript(program: ProgramSpec): string {
  const { name } = program;
  const takers = valueFlags(program).flatMap(namesOf).join(' ');
  const paths = levels(program).filter((l) => l.path.length > 0);
  const commands = paths.map((l) => quote(l.path.join(' '))).join(' ');
  const firsts = paths.filter((l) => l.path.length === 1).map((l) => quote(l.path.join(' ')));
  const { names, glued, short } = jobFlags(program);
  const given = [...glued, ...short.map((n) => `${n}.`)].join('|');
  const lines = levels(program).flatMap((l) => {
    const at = `complete -c ${name} -n ${quote(`__${name}_at ${quote(l.path.join(' '))}`)}`;
    return [
      ...l.words.map((w) => `${at} -f -a ${quote(w.word)} -d ${quote(w.doc)}`),
      ...(l.positional === undefined ? [] : [`${at}${values(name, l.positional)}`]),
      ...l.flags.map((f) => {
        const short = f.short === undefined ? '' : ` -s ${f.short.slice(1)}`;
        const value = f.value === undefined ? '' : ` -r${values(name, completionOf(f))}`;
        return `${at}${short} -l ${f.name.slice(2)}${value} -d ${quote(f.doc)}`;
      }),
    ];
  });
  return `# Completion of ${name} for fish.
function __${name}_at --argument-names wanted
    set -l command
    set -l skip
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip
            continue
        end
        if contains -- $word ${takers}
            set skip yes
            continue
        end
        set -l longer (string join ' ' $command $word)
        if contains -- $longer ${commands}
            set command $longer
        end
    end
    test "$command" = "$wanted"
end

# Asks for the jobs with what on the line decides which they are.
function __${name}_jobs
    set -l ask
    set -l command
    set -l flag
    for word in (commandline -opc)[2..-1]
        if test -n "$flag"
            if contains -- $flag ${names.join(' ')}
                set -a ask $flag (string replace -r '^~/' "$HOME/" -- $word)
            end
            set flag
        else if contains -- $word ${takers}
            set flag $word
        else if string match -qr -- '^(${given})' $word
            set -a ask $word
        else if test -z "$command"; and contains -- $word ${firsts.join(' ')}
            set command $word
            set -a ask list
        end
    end
    command ${name} $ask 2>/dev/null | string replace -rf '^job_id=(.*) mount=.*' '$1'
end

complete -c ${name} -f
${lines.join('\n')}
`;
}
