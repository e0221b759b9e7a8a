import type { Completion, ProgramSpec } from '../command/spec.js';
import { levels, namesOf } from './tree.js';
import { valueFlags, valueGroups } from './value-flags.js';

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Job ids may hold blanks: one a line, quoted when they are put in. */
const JOBS = `while IFS= read -r word; do if [[ $word == "$cur"* ]]; then COMPREPLY+=("$(printf %q "$word")"); fi; done < <("\${COMP_WORDS[0]}" list 2>/dev/null | sed -n 's/^job_id=\\(.*\\) mount=.*/\\1/p')`;

function reply(completion: Completion | undefined): string {
  if (completion === 'file') return 'COMPREPLY+=($(compgen -f -- "$cur"))';
  if (completion === 'directory') return 'COMPREPLY+=($(compgen -d -- "$cur"))';
  if (completion === 'job') return JOBS;
  if (completion === undefined) return ':';
  return `COMPREPLY+=($(compgen -W ${quote(completion.join(' '))} -- "$cur"))`;
}

/** The completion script for bash. */
export function bashScript(program: ProgramSpec): string {
  const takers = valueFlags(program).flatMap(namesOf).join('|');
  const paths = levels(program).filter((l) => l.path.length > 0);
  const commands = paths.map((l) => quote(l.path.join(' '))).join('|');
  const values = valueGroups(program).map(
    (g) => `        ${g.names.join('|')}) ${reply(g.completion)}; return ;;`,
  );
  const offers = levels(program).map((l) => {
    const words = [...l.words.map((w) => w.word), ...l.flags.flatMap(namesOf)].join(' ');
    const extra = reply(l.positional);
    return `        ${quote(l.path.join(' '))}) COMPREPLY=($(compgen -W ${quote(words)} -- "$cur"))${extra === ':' ? '' : `; ${extra}`} ;;`;
  });
  return `_${program.name}() {
    local cur word command="" value="" i
    cur="\${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="\${COMP_WORDS[i]}"
        # bash splits --flag=value at the equals sign.
        if [[ $word == "=" ]]; then continue; fi
        if [[ -n $value ]]; then value=""; continue; fi
        case "$word" in
            ${takers}) value="$word"; continue ;;
        esac
        word="\${command:+$command }$word"
        case "$word" in
            ${commands}) command="$word" ;;
        esac
    done
    if [[ $cur == "=" ]]; then cur=""; fi
    case "$value" in
${values.join('\n')}
    esac
    case "$command" in
${offers.join('\n')}
    esac
}

if [[ "\${BASH_VERSINFO[0]}" -eq 4 && "\${BASH_VERSINFO[1]}" -ge 4 || "\${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _${program.name} -o nosort -o bashdefault -o default ${program.name}
else
    complete -F _${program.name} -o bashdefault -o default ${program.name}
fi
`;
}
