import type { Completion, ProgramSpec } from '../command/spec.js';
import { jobFlags } from './job-flags.js';
import { levels, namesOf } from './tree.js';
import { valueFlags, valueGroups } from './value-flags.js';

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function reply(name: string, completion: Completion | undefined): string {
  if (completion === 'file') return 'COMPREPLY+=($(compgen -f -- "$cur"))';
  if (completion === 'directory') return 'COMPREPLY+=($(compgen -d -- "$cur"))';
  if (completion === 'job') return `_${name}_jobs`;
  if (completion === undefined) return ':';
  return `COMPREPLY+=($(compgen -W ${quote(completion.join(' '))} -- "$cur"))`;
}

/** The completion script for bash. */
export function bashScript(program: ProgramSpec): string {
  const takers = valueFlags(program).flatMap(namesOf).join('|');
  const paths = levels(program).filter((l) => l.path.length > 0);
  const commands = paths.map((l) => quote(l.path.join(' '))).join('|');
  const values = valueGroups(program).map(
    (g) => `        ${g.names.join('|')}) ${reply(program.name, g.completion)}; return ;;`,
  );
  const offers = levels(program).map((l) => {
    const words = [...l.words.map((w) => w.word), ...l.flags.flatMap(namesOf)].join(' ');
    const extra = reply(program.name, l.positional);
    return `        ${quote(l.path.join(' '))}) COMPREPLY=($(compgen -W ${quote(words)} -- "$cur"))${extra === ':' ? '' : `; ${extra}`} ;;`;
  });
  const { names, glued, short } = jobFlags(program);
  const given = [...glued.map((g) => `${g}*`), ...short.map((n) => `${n}?*`)].join('|');
  return `# What is typed is still quoted; nothing in it is executed here.
_${program.name}_plain() {
    local word="$1"
    if [[ $word == *[\\\\\\'\\"]* ]]; then word="$(xargs printf %s <<<"$word" 2>/dev/null)"; fi
    if [[ $word == "~/"* ]]; then word="$HOME/\${word:2}"; fi
    printf %s "$word"
}

# Job ids may hold blanks: one a line, quoted when they are put in.
_${program.name}_jobs() {
    local word
    local -a words=()
    for word in "\${ask[@]}"; do words+=("$(_${program.name}_plain "$word")"); done
    while IFS= read -r word; do
        if [[ $word == "$cur"* ]]; then COMPREPLY+=("$(printf %q "$word")"); fi
    done < <("\${COMP_WORDS[0]}" "\${words[@]}" 2>/dev/null | sed -n 's/^job_id=\\(.*\\) mount=.*/\\1/p')
}

_${program.name}() {
    local cur word command="" value="" i
    # The command that tells the jobs, with what on this line decides which they are.
    local -a ask=()
    cur="\${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="\${COMP_WORDS[i]}"
        # bash splits --flag=value at the equals sign.
        if [[ $word == "=" ]]; then continue; fi
        if [[ -n $value ]]; then
            case "$value" in ${names.join('|')}) ask+=("$value" "$word") ;; esac
            value=""
            continue
        fi
        case "$word" in
            ${takers}) value="$word"; continue ;;
            ${given}) ask+=("$word"); continue ;;
        esac
        word="\${command:+$command }$word"
        case "$word" in
            ${commands})
                if [[ -z $command ]]; then ask+=(list); fi
                command="$word"
                ;;
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
